"""The queue of a batch on one machine: urgent stories first, otherwise in the order of the list."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from gt_common.messages import START, Priority, StoryMessage, utc_now
from gt_consumer.batch import local_queue
from gt_consumer.batch.local_queue import LocalQueue
from support.samples.events import letter


def story(number: int, priority: Priority = Priority.NORMAL) -> StoryMessage:
    return letter(number).model_copy(update={"priority": priority})


def taken(queue: LocalQueue) -> list[int]:
    places = []
    while (one := queue.take()) is not None:
        places.append(one[0].position)
    return places


def test_urgent_stories_come_first_each_kind_in_its_order() -> None:
    queue = LocalQueue(lambda: None)
    order = [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.NORMAL, Priority.HIGH]
    queue.put_all((story(place, priority), 0.0) for place, priority in enumerate(order, start=1))
    assert taken(queue) == [3, 5, 2, 4, 1]
    assert queue.empty


async def test_what_is_dropped_is_gone_whether_it_is_ready_delayed_or_comes_later() -> None:
    changes: list[None] = []
    queue = LocalQueue(lambda: changes.append(None))
    queue.put_all([(story(1), 0.0), (story(2), 0.0), (story(3), 3600.0)])
    changes.clear()
    queue.drop({("story-1", 1), ("story-3", 1), ("story-4", 1)})
    assert changes
    queue.put(story(4))
    queue.put(story(4).model_copy(update={"generation": 2}))
    assert taken(queue) == [2, 4]
    assert queue.empty


async def test_a_start_time_is_that_of_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers stand still while a laptop sleeps: the queue looks at the clock now and then."""
    ready = asyncio.Event()
    looked = asyncio.Semaphore(0)

    def far_away(_when: datetime) -> float:
        looked.release()
        return 8 * 3600.0

    monkeypatch.setattr(local_queue, "LOOK_S", 0.01)
    monkeypatch.setattr(local_queue, "seconds_until", far_away)
    queue = LocalQueue(ready.set)
    start = utc_now() + timedelta(hours=8)
    queue.put(story(1).model_copy(update={"not_before": start, "waits_for": START}), 8 * 3600)
    async with asyncio.timeout(5):
        for _ in range(6):  # the first two belong to `put`
            await looked.acquire()
    assert (taken(queue), queue.empty) == ([], False)
    monkeypatch.setattr(local_queue, "seconds_until", lambda _when: -1.0)
    async with asyncio.timeout(5):
        await ready.wait()
    assert taken(queue) == [1]


async def test_a_retry_waits_its_time_though_the_start_time_has_passed() -> None:
    queue = LocalQueue(lambda: None)
    before = utc_now() - timedelta(minutes=1)
    queue.put(story(1).model_copy(update={"not_before": before, "waits_for": START}), 3600)
    (timer,) = queue._timers
    assert timer.when() - asyncio.get_running_loop().time() > 3500
    queue.close()
