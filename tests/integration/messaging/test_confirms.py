"""What a confirm means: the queue that must have a message has it, whoever else is bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from gt_common.errors import TopologyError
from gt_common.failures import Failure
from gt_common.lifecycle import StoryStatus
from gt_common.messages import AttemptError, BatchOpened, StoryMessage, utc_now
from gt_common.messaging import topology
from gt_common.messaging.connection import connect
from gt_common.messaging.follow import follow
from gt_common.messaging.names import LETTER_KEY, RECORD_KEY, Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from support.fleet import publish, scripted_story, tally, worker

pytestmark = pytest.mark.broker

Env = dict[str, str]


async def delete_queue(settings: Settings, name: str) -> None:
    async with connect(settings, "test") as connection:
        await (await connection.channel()).queue_delete(name)


async def bind_as_older_versions_did(settings: Settings) -> None:
    """Let everything that is published to the results exchange reach the followers' queues, too."""
    names = Names(settings.namespace)
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        progress = await channel.get_exchange(names.progress)
        await progress.bind(names.results, "#")


@asynccontextmanager
async def following(settings: Settings, batch_id: str) -> AsyncIterator[None]:
    """Follow a batch during a block, as `gt-produce --wait` does."""
    async with aclosing(follow(settings, batch_id)) as events, asyncio.timeout(60):
        assert await anext(events) is None
        yield


def letter() -> StoryMessage:
    url = "https://redd.it/a1"
    story = StoryMessage(batch_id="b1", story_id="s1", position=1, url=url, canonical_url=url)
    failure = Failure(type="TimeoutError", message="no answer")
    return story.dead(AttemptError(failure=failure, generation=1, attempt=1, ended_at=utc_now()))


async def depths(settings: Settings, *queues: str) -> list[int | None]:
    return [info.messages for info in await topology.inspect(settings, queues)]


async def test_results_wait_for_the_ledgers_queue_while_somebody_follows(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    stories = [
        scripted_story("b1", 1, tmp_path / "runs"),
        scripted_story("b1", 2, tmp_path / "runs", do="permanent"),
    ]
    await bind_as_older_versions_did(settings)
    await publish(settings, *stories)
    await tally(environment, settings, "b1")  # the aggregator removes the binding when it starts
    await delete_queue(settings, Names(settings.namespace).ledger_queue)
    async with following(settings, "b1"), worker(environment, "--until-empty") as running:
        await running.says("publish_failed")
        await topology.declare(settings)
        assert await running.ends(60) == 1
    state = await tally(environment, settings, "b1")
    assert {story.position: story.status for story in state.stories.values()} == {
        1: StoryStatus.SUCCESS,
        2: StoryStatus.FAILED,
    }
    assert await depths(settings, Names(settings.namespace).dlq) == [1]


async def test_declaring_removes_the_followers_share_in_results(settings: Settings) -> None:
    await bind_as_older_versions_did(settings)
    await topology.declare(settings)
    async with following(settings, "b1"):
        await delete_queue(settings, Names(settings.namespace).ledger_queue)
        async with open_publisher(settings, "test", patience=20) as publisher:
            with pytest.raises(TopologyError, match=r"its queue for b1\.batch\.opened is missing"):
                await publisher.event(BatchOpened(batch_id="b1", total=1))


@pytest.mark.parametrize("missing", ["dlq", "ledger_queue"])
async def test_a_dead_letter_reaches_both_queues_though_one_was_missing(
    settings: Settings, missing: str
) -> None:
    names = Names(settings.namespace)
    await delete_queue(settings, getattr(names, missing))
    async with open_publisher(settings, "test") as publisher:
        sending = asyncio.create_task(publisher.dead_letter(letter()))
        there = names.dlq if missing == "ledger_queue" else names.ledger_queue
        done, _ = await asyncio.wait({sending}, timeout=2 * topology.SETTLING_S)
        assert not done, "one queue is not both"
        assert await depths(settings, there) == [1 if missing == "ledger_queue" else 0]
        await topology.declare(settings)
        async with asyncio.timeout(90):
            await sending
    assert await depths(settings, names.dlq, names.ledger_queue) == [1, 1]


async def test_dead_letters_reach_both_queues_of_an_older_topology(settings: Settings) -> None:
    names = Names(settings.namespace)
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        for name, key in ((names.dlq, LETTER_KEY), (names.ledger_queue, RECORD_KEY)):
            queue = await channel.get_queue(name, ensure=False)
            await queue.unbind(names.dlx, key)
    async with open_publisher(settings, "test") as publisher, asyncio.timeout(60):
        await publisher.dead_letter(letter())
        await publisher.malformed(b"not a story", "not a story", "story")
    assert await depths(settings, names.dlq, names.ledger_queue) == [2, 2]
