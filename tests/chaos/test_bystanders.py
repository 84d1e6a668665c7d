"""A queue that is missing for a while, as somebody follows: no confirm may come from another queue."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from chaos.support.accounts import settle_accounts
from chaos.support.parts import Part, ours
from chaos.support.stories import FOREVER, ChaosStory, write_list
from chaos.support.world import World, open_world
from gt_common.messaging import topology
from gt_common.messaging.connection import connect
from gt_common.messaging.follow import follow
from gt_common.messaging.names import Names
from support.broker.node import PrivateNode, needs_rabbitmq
from support.waiting import until

pytestmark = [pytest.mark.broker, needs_rabbitmq, pytest.mark.timeout(240)]

_DEADLINE_S = 90.0
_DOES = (("ok", 0), ("flaky", 1), ("permanent", FOREVER), ("ok", 0), ("permanent", FOREVER))


async def run(world: World, name: str, *arguments: str) -> None:
    """Run a command to its end."""
    part = Part(name, ours(name, *arguments), world.environment("last"), once=True)
    async with asyncio.timeout(_DEADLINE_S):
        await part.run_once()
    assert part.surprises == []
    assert part.process is not None
    assert part.process.returncode in {0, 1}, list(part.said)


async def lose(world: World, queue: str) -> None:
    """Delete a queue, which is empty."""
    async with connect(world.settings, "test") as connection:
        await (await connection.channel()).queue_delete(queue, if_empty=False, if_unused=False)


@pytest.mark.parametrize("lost", ["ledger_queue", pytest.param("dlq", marks=pytest.mark.chaos)])
async def test_everything_ends_in_ledger_and_queue(node: PrivateNode, tmp_path: Path, lost: str) -> None:
    async with open_world(node, tmp_path / "run") as world:
        stories = [
            ChaosStory("b1", number, f"https://www.reddit.com/comments/{number:x}a/", do, times, 0.2)
            for number, (do, times) in enumerate(_DOES, start=1)
        ]
        path = write_list(stories, world.folder, world.runs)
        await run(world, "gt-produce", "-f", str(path), "--batch-id", "b1")
        await run(world, "gt-aggregate", "--until-idle")
        await lose(world, getattr(Names(world.settings.namespace), lost))
        async with aclosing(follow(world.settings, "b1")) as events:
            assert await anext(events) is None
            worker = world.worker("w1", "--until-empty")
            working = asyncio.create_task(worker.run_once())
            await until(lambda: any("publish_failed" in line for line in worker.said), _DEADLINE_S)
            await topology.declare(world.settings)
            async with asyncio.timeout(_DEADLINE_S):
                await working
        await run(world, "gt-aggregate", "--until-idle")
        accounts = await settle_accounts(world, stories, [])
        assert accounts.problems == []
        assert worker.surprises == []
