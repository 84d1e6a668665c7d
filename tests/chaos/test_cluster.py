"""Random runs on a cluster of three nodes, of which the leader of the stories' queue dies again and again."""

from __future__ import annotations

import time
from itertools import cycle
from pathlib import Path

import pytest

from broker_node import needs_rabbitmq
from chaos.cluster import open_cluster
from chaos.faults import EVERYBODY, Fault
from chaos.randomly import Plan, run_randomly
from chaos.test_random import FAULTS, SEED, STORIES
from chaos.world import open_world
from gt_common.messaging.names import Names

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
