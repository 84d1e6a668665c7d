"""Start times, kept by a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gt_common.messages import START, Priority, StoryMessage, decode_story, utc_now
from gt_common.messaging import topology
from gt_common.messaging.connection import connect
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.messaging.topology import Role
from gt_common.messaging.waiting import inspect_story_queues
from gt_common.settings import Settings
from support.broker.node import PrivateNode, needs_rabbitmq
from support.broker.users import make_users

pytestmark = pytest.mark.broker


def story(number: int, seconds: float = 0.0, priority: Priority = Priority.NORMAL) -> StoryMessage:
    """Make a story that may start so many seconds from now."""
    url = f"https://www.reddit.com/comments/{number}/"
    starts = utc_now() + timedelta(seconds=seconds) if seconds else None
    return StoryMessage(
        batch_id="b1",
        story_id=f"s{number}",
        position=number,
        url=url,
        canonical_url=url,
        not_before=starts,
        waits_for=START if starts else None,
        priority=priority,
    )


Arrivals = asyncio.Queue[tuple[int, float]]


def note(arrived: Arrivals, tasks: set[asyncio.Task[bool]]) -> Callable[[Delivery], None]:
    """Return a receiver that notes positions, and how many seconds after their time they arrive."""

    def receive(delivery: Delivery) -> None:
        message = decode_story(delivery.body)
        late = (utc_now() - message.starts_at).total_seconds() if message.starts_at else 0.0
        arrived.put_nowait((message.position, late))
        task = asyncio.create_task(delivery.ack())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return receive


async def test_stories_arrive_at_their_times_in_their_order(settings: Settings) -> None:
    await topology.ensure(settings, Role.PRODUCER, ladder=True)
    stories = [story(1, 3), story(2, 4.5), story(3), story(4, 1.2), story(5, 3), story(6, 2)]
    arrived = Arrivals()
    queue = Names(settings.namespace).stories
    async with (
        open_publisher(settings, "test", patience=10) as publisher,
        subscribe(settings, queue, 10, note(arrived, set()), "test"),
        asyncio.timeout(30),
    ):
        confirmed = [message async for group in publisher.many(stories) for message in group]
        waiting = sum(info.messages or 0 for info in await inspect_story_queues(settings))
        found = [await arrived.get() for _ in stories]
    assert len(confirmed) == len(stories)
    assert all(story in confirmed for story in stories)
    assert waiting >= 4, "what waits is counted"
    late = dict(found)
    assert [position for position, _ in found if position not in {1, 5}] == [3, 4, 6, 2]
    assert {1, 5} == {position for position, _ in found[3:5]}
    assert all(0 <= seconds < 1.5 for seconds in late.values()), late


async def test_a_long_wait_for_a_provider_goes_down_the_ladder(settings: Settings) -> None:
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher.retry(story(1), 7200)
    found = {info.name: info.messages for info in await inspect_story_queues(settings)}
    names = Names(settings.namespace)
    assert found[names.delay(12)] == 1, "7,200 s begin with 4,096 s"
    assert not found[names.retry_queue(max(settings.retry_delays))]


async def test_a_story_has_its_priority_wherever_it_is_published(settings: Settings) -> None:
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher.story(story(1, priority=Priority.HIGH))
        await publisher.retry(story(2, priority=Priority.LOW), 0.1)
        async for _ in publisher.many([story(3)]):
            pass
    found: dict[int, int | None] = {}
    async with connect(settings, "test") as connection, asyncio.timeout(20):
        queue = await (await connection.channel()).get_queue(Names(settings.namespace).stories)
        while len(found) < 3:
            if (message := await queue.get(no_ack=True, fail=False)) is not None:
                found[decode_story(message.body).position] = message.priority
    assert found == {1: 9, 2: 0, 3: 4}


@needs_rabbitmq
async def test_a_worker_that_finds_no_ladder_and_may_not_declare_uses_the_longest_wait_queue(
    shared_node: PrivateNode, tmp_path: Path
) -> None:
    users = make_users(shared_node, "older")
    admin, worker = users.settings("topology"), users.settings("worker")
    await topology.declare(admin)
    async with open_publisher(worker, "gt-consume", patience=10) as publisher:
        await publisher.retry(story(1), 7200)
    found = {info.name: info.messages for info in await inspect_story_queues(admin)}
    assert found[Names("older").retry_queue(max(worker.retry_delays))] == 1
