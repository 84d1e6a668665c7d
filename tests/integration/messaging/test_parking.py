"""The queues of paused batches on a real broker: made on demand, emptied, and deleted without a loss."""

from __future__ import annotations

import asyncio

import pytest

from gt_common.errors import BrokerUnreachableError
from gt_common.messages import StoryMessage, decode_story
from gt_common.messaging import parking
from gt_common.messaging.browse import browse
from gt_common.messaging.names import Names
from gt_common.messaging.parking import close_parking, empty_parking, find_parking, make_parking
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.topology import declare
from gt_common.settings import Settings
from support.fakes.worker import message

pytestmark = pytest.mark.broker


async def waiting(settings: Settings, queue: str) -> list[StoryMessage]:
    """Return the stories that lie in a queue."""
    async with browse(settings, queue, "test") as deliveries:
        return [decode_story(delivery.body) for delivery in deliveries]


async def parked(publisher: Publisher, settings: Settings, *stories: StoryMessage) -> str:
    """Park stories of batch b under its first hold; return the queue."""
    await make_parking(settings, "b", 1)
    for story in stories:
        assert await publisher.park(story, 1)
    return Names(settings.namespace).parked_queue("b", 1)


async def test_a_story_is_parked_only_where_a_queue_was_made_and_comes_back_as_it_was(
    settings: Settings,
) -> None:
    await declare(settings)
    story = message(attempt=2, run=1)
    async with open_publisher(settings, "test", 20.0) as publisher:
        assert not await publisher.park(story, 1)
        assert await find_parking(settings, [("b", 1)]) == []
        queue = await parked(publisher, settings, story)
        assert not await publisher.park(story, 2), "each hold has a queue of its own"
        assert [info.messages for info in await find_parking(settings, [("b", 1), ("b", 2)])] == [1]
        assert await empty_parking(settings, queue, publisher) == 1
        assert await empty_parking(settings, queue, publisher) == 0
        assert await waiting(settings, Names(settings.namespace).stories) == [story]


async def test_of_two_workers_that_bring_stories_back_each_story_comes_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gt_common.messaging.browse.IDLE_S", 0.3)
    await declare(settings)
    stories = [message(number) for number in range(1, 41)]
    async with open_publisher(settings, "test", 20.0) as publisher:
        queue = await parked(publisher, settings, *stories)
        await asyncio.gather(*(empty_parking(settings, queue, publisher) for _ in range(2)))
        found = await waiting(settings, Names(settings.namespace).stories)
    assert sorted(story.position for story in found) == [story.position for story in stories]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits before a queue is deleted."""
    monkeypatch.setattr(parking, "_ROUTED_S", 0.3)
    monkeypatch.setattr(parking, "_BETWEEN_LOOKS_S", 0.1)


@pytest.mark.usefixtures("quick")
async def test_a_queue_is_deleted_with_nothing_lost(settings: Settings) -> None:
    await declare(settings)
    async with open_publisher(settings, "test", 20.0) as publisher:
        await parked(publisher, settings, message(1))
        assert await close_parking(settings, "b", 1, publisher)
        assert await close_parking(settings, "b", 1, publisher), "somebody else was faster"
        assert await find_parking(settings, [("b", 1)]) == []
        assert not await publisher.park(message(2), 1)
        found = await waiting(settings, Names(settings.namespace).stories)
    assert [story.position for story in found] == [1]


@pytest.mark.usefixtures("quick")
async def test_a_queue_that_another_worker_reads_is_not_deleted(settings: Settings) -> None:
    await declare(settings)
    async with open_publisher(settings, "test", 20.0) as publisher:
        queue = await parked(publisher, settings, message(1))
        async with browse(settings, queue, "another worker") as held:
            assert len(held) == 1
            async with asyncio.timeout(30):
                assert not await close_parking(settings, "b", 1, publisher)
        assert await close_parking(settings, "b", 1, publisher)
        found = await waiting(settings, Names(settings.namespace).stories)
    assert [story.position for story in found] == [1]


class Refusing:
    """Brings stories back, except that the broker goes away at those of some positions."""

    def __init__(self, publisher: Publisher, *positions: int) -> None:
        self._publisher = publisher
        self._refused = positions
        self.malformed = publisher.malformed

    async def story(self, message: StoryMessage) -> None:
        if message.position in self._refused:
            raise BrokerUnreachableError("the broker is gone")
        await self._publisher.story(message)


async def test_stories_that_were_confirmed_do_not_come_again_if_others_beside_them_were_not(
    settings: Settings,
) -> None:
    await declare(settings)
    stories = [message(number) for number in range(1, 11)]
    async with open_publisher(settings, "test", 20.0) as publisher:
        queue = await parked(publisher, settings, *stories)
        with pytest.raises(BrokerUnreachableError):
            await empty_parking(settings, queue, Refusing(publisher, 2, 5))
        await empty_parking(settings, queue, publisher)
        came = await waiting(settings, Names(settings.namespace).stories)
    assert sorted(story.position for story in came) == list(range(1, 11))
