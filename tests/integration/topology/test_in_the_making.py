"""Commands that start while another program declares exchanges and queues for the first time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gt_common.errors import TopologyError
from gt_common.messages import BatchOpened
from gt_common.messaging import topology
from gt_common.messaging.connection import connect
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import Role
from gt_common.settings import Settings
from support.broker.node import PrivateNode, needs_rabbitmq
from support.broker.users import make_users
from support.fleet import run_command

pytestmark = pytest.mark.broker

HALF_S = topology.SETTLING_S / 2


async def declare_exchanges_only(settings: Settings) -> None:
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        for spec in topology.topology(settings).exchanges:
            await channel.declare_exchange(spec.name, spec.kind, durable=True)


async def later(settings: Settings) -> None:
    """Declare everything when a waiting program has seen that something is missing."""
    await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=HALF_S)
    await topology.declare(settings)


async def test_a_publisher_waits_a_moment_for_the_queue_behind_an_exchange(settings: Settings) -> None:
    await topology.delete(settings)
    await declare_exchanges_only(settings)
    async with open_publisher(settings, "gt-produce", patience=30) as publisher, asyncio.timeout(60):
        await asyncio.gather(publisher.event(BatchOpened(batch_id="b", total=1)), later(settings))
    (queue,) = await topology.inspect(settings, [Names(settings.namespace).ledger_queue])
    assert queue.messages == 1


@needs_rabbitmq
async def test_a_user_who_may_not_declare_waits_a_moment_for_the_rest(
    shared_node: PrivateNode, tmp_path: Path
) -> None:
    users = make_users(shared_node, "making")
    admin, sender = users.settings("topology"), users.settings("producer", state_dir=tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topology, "SETTLING_S", 600.0)
        with pytest.raises(TopologyError, match="may not declare"):
            async with asyncio.timeout(60):  # at once: nobody has begun
                await topology.ensure(sender, Role.PRODUCER)
    async with connect(admin, "test") as connection:
        channel = await connection.channel()
        await channel.declare_exchange(Names(admin.namespace).stories, "direct", durable=True)
    async with asyncio.timeout(60):
        await asyncio.gather(topology.ensure(sender, Role.PRODUCER), later(admin))


async def test_what_stays_missing_is_told_within_a_bound(settings: Settings) -> None:
    await topology.delete(settings)
    await declare_exchanges_only(settings)
    async with open_publisher(settings, "gt-produce", patience=30) as publisher:
        with pytest.raises(TopologyError, match="gt-topology declare"):
            async with asyncio.timeout(4 * topology.SETTLING_S):
                await publisher.event(BatchOpened(batch_id="b", total=1))


async def test_three_commands_that_begin_together_make_it_together(
    settings: Settings, environment: dict[str, str]
) -> None:
    await topology.delete(settings)
    late = {**environment, "GT_ORCHESTRATOR": "command:true"}
    ended = await asyncio.gather(
        run_command(late, "gt-produce", "https://redd.it/a1", "--batch-id", "b"),
        run_command(late, "gt-aggregate", "--until-idle"),
        run_command(late, "gt-topology", "declare"),
    )
    assert [code for code, _ in ended] == [0, 0, 0], ended
