"""Start times while the broker is killed: no story is lost, and none comes before its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr

from gt_common.messages import START, StoryMessage, decode_story, utc_now
from gt_common.messaging import topology
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.messaging.topology import Role
from gt_common.settings import Settings, load_settings
from support.broker.node import PrivateNode, needs_rabbitmq
from support.unique import unique
from support.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.chaos, needs_rabbitmq, pytest.mark.timeout(300)]

LATE_S = 5.0
"""So long after its time, and after the broker is back, a story may come."""


def starting(number: int, seconds: float) -> StoryMessage:
    """Make a story that may start so many seconds from now."""
    url = f"https://www.reddit.com/comments/{number}/"
    return StoryMessage(
        batch_id="b1",
        story_id=f"s{number}",
        position=number,
        url=url,
        canonical_url=url,
        not_before=utc_now() + timedelta(seconds=seconds),
        waits_for=START,
    )


def note(found: dict[int, float], enough: asyncio.Event, count: int) -> Callable[[Delivery], None]:
    """Return a receiver that notes how many seconds after its time each story comes first."""
    acks: set[asyncio.Task[bool]] = set()

    def receive(delivery: Delivery) -> None:
        story = decode_story(delivery.body)
        assert story.starts_at is not None
        found.setdefault(story.position, (utc_now() - story.starts_at).total_seconds())
        if len(found) == count:
            enough.set()
        acks.add(asyncio.create_task(delivery.ack()))

    return receive


@pytest.fixture
def killable(node: PrivateNode) -> Settings:
    """Return the settings of a fleet on the broker that may be killed."""
    return load_settings(amqp_url=SecretStr(node.amqp_url), namespace=unique("t"), heartbeat=5)


async def test_a_broker_that_is_killed_loses_no_start_time(node: PrivateNode, killable: Settings) -> None:
    await topology.declare(killable)
    await topology.ensure(killable, Role.PRODUCER, ladder=True)
    stories = [starting(number, 1 + number * 0.75) for number in range(1, 81)]
    found: dict[int, float] = {}
    enough = asyncio.Event()
    async with (
        open_publisher(killable, "test", patience=60) as publisher,
        subscribe(killable, Names(killable.namespace).stories, 20, note(found, enough, len(stories)), "test"),
    ):
        async for _ in publisher.many(stories):
            pass
        outages: list[float] = []
        for _ in range(2):
            begun = utc_now()
            await asyncio.to_thread(node.kill)
            await until(node.port_is_free)
            await asyncio.to_thread(node.restart)
            outages.append((utc_now() - begun).total_seconds())
        async with asyncio.timeout(120):
            await enough.wait()
    assert sorted(found) == list(range(1, 81))
    assert min(found.values()) >= 0, "none is early"
    assert max(found.values()) < sum(outages) + LATE_S
    last = max(found)
    print(f"\n80 stories, outages {outages}, the last one {found[last]:.2f} s late")
