"""A cluster of three nodes in which the leader of a queue dies, at the worst moment and repeatedly."""

from __future__ import annotations

import asyncio
import time
from itertools import cycle
from pathlib import Path

import pytest
from pydantic import SecretStr

from chaos.support.cluster import Cluster, open_cluster
from chaos.support.faults import EVERYBODY, Fault
from chaos.support.randomly import Plan, run_randomly
from chaos.support.world import open_world
from chaos.test_random import FAULTS, SEED, STORIES
from gt_common.messaging import topology
from gt_common.messaging.connection import connect
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings, load_settings
from support.broker.node import needs_rabbitmq
from support.fleet import depth, scripted_story
from support.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.chaos, needs_rabbitmq, pytest.mark.timeout(900)]

_KINDS = (
    "worker killed",
    "child killed",
    "aggregator killed",
    "producer killed",
    "worker frozen",
    "output disk full",
    "ledger locked",
)


async def test_dying_leaders_lose_and_double_nothing(tmp_path: Path) -> None:
    plan = Plan(SEED, STORIES, FAULTS, broker_deaths=0, allowed=_KINDS, longest_gap=5.0)
    async with (
        open_cluster(tmp_path / "nodes") as cluster,
        open_world(cluster.first, tmp_path / "run", amqp_url=cluster.amqp_url) as world,
    ):
        names = Names(world.settings.namespace)
        queues = cycle((names.stories, names.ledger_queue, names.dlq))

        async def kill_leader() -> Fault:
            began = time.time()
            world.broken += 1
            await cluster.kill_leader(next(queues), seconds=2.0)
            world.broken -= 1
            return Fault("leader killed", began, time.time(), EVERYBODY)

        accounts = await run_randomly(world, plan, beside=kill_leader)
    print(f"\n{accounts.show(f'seed {plan.seed} (cluster)')}", *accounts.problems, sep="\n  ")
    takeovers = ", ".join(f"{seconds:.1f}" for seconds in cluster.takeovers)
    print(f"  seconds until another leader was seen: {takeovers}")
    assert accounts.faults["leader killed"] > 0
    assert accounts.problems == []


async def test_retries_that_end_while_the_stories_have_no_leader_come_soon(tmp_path: Path) -> None:
    """RabbitMQ 3.10 to 3.12 refuse them until the node is back; advanced.config then determines the delay."""
    async with open_cluster(tmp_path / "nodes") as cluster:
        url = cluster.first.amqp_url
        settings = load_settings(amqp_url=url, namespace="late", retry_delays="50ms,150ms,300ms")
        await _let_another_node_lead_the_stories(cluster, settings)
        async with open_publisher(settings, "test", patience=20) as publisher:
            cluster.node(2).kill()
            for position in range(9):
                delay_s = settings.retry_delays[position % 3]
                await publisher.retry(scripted_story("b1", position + 1, tmp_path), delay_s)
        await asyncio.to_thread(cluster.node(2).restart)
        began = time.monotonic()
        await until(lambda: _have_come(settings, 9), deadline=30, every=0.1)
        print(f"\nretries that met no leader: all there {time.monotonic() - began:.1f} s after it was back")


async def _let_another_node_lead_the_stories(cluster: Cluster, settings: Settings) -> None:
    """Declare the queue on another node, because the node on which it is declared leads it first."""
    (stories,) = [one for one in topology.topology(settings).queues if one.name == Names("late").stories]
    elsewhere = settings.model_copy(update={"amqp_url": SecretStr(cluster.node(2).amqp_url)})
    async with connect(elsewhere, "test") as connection:
        channel = await connection.channel()
        await channel.declare_queue(stories.name, durable=True, arguments=dict(stories.arguments))
    await topology.declare(settings)
    leaders = {
        name: await asyncio.to_thread(cluster.leader, name) for name in (stories.name, "late.retry.50ms")
    }
    assert leaders == {stories.name: "c2@localhost", "late.retry.50ms": "c1@localhost"}


async def _have_come(settings: Settings, count: int) -> bool:
    return await depth(settings, "stories") == count
