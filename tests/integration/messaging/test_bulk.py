"""Many messages in one write: whatever happens meanwhile, the same as if each were published by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing, asynccontextmanager

import aiormq
import pytest
from pydantic import SecretStr

from gt_common.batches import CHUNK_BYTES, PlacedStory, list_events
from gt_common.errors import PublishFailedError, TopologyError
from gt_common.messages import StoryMessage, decode_event
from gt_common.messaging import topology
from gt_common.messaging.browse import browse
from gt_common.messaging.bulk import WINDOW
from gt_common.messaging.connection import connect
from gt_common.messaging.names import STORY_KEY, Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from gt_common.stories import Story
from support.broker.tcp_proxy import open_proxy
from support.publishing import WAYS, Way, interrupted, numbered_stories, stories_in_queue
from support.waiting import until

pytestmark = pytest.mark.broker

IN_BOTH_WAYS = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def in_background(
    work: Callable[[], Coroutine[None, None, object]], tasks: list[asyncio.Task[object]]
) -> Callable[[], None]:
    """Return a function that starts some work; its task is added to the list."""
    return lambda: tasks.append(asyncio.create_task(work()))


@asynccontextmanager
async def full_queue(settings: Settings) -> AsyncIterator[Callable[[], Coroutine[None, None, None]]]:
    """Bind a queue for stories that refuses all after the tenth; yield what takes it away."""
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(
            f"{settings.namespace}.full", arguments={"x-max-length": 10, "x-overflow": "reject-publish"}
        )
        await queue.bind(Names(settings.namespace).stories, STORY_KEY)

        async def take_away() -> None:
            await queue.delete(if_unused=False, if_empty=False)

        try:
            yield take_away
        finally:
            await take_away()


@IN_BOTH_WAYS
async def test_all_is_published_although_the_connection_is_cut_in_the_middle(
    settings: Settings, way: Way
) -> None:
    stories, confirmed = numbered_stories(1_500), list[str]()
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        cut_off = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with open_publisher(cut_off, "test", patience=60) as publisher:
            await way(publisher, interrupted(stories, {300: proxy.reset, 1_100: proxy.reset}), confirmed)
        assert proxy.accepted == 3
    assert sorted(confirmed) == [story.story_id for story in stories], "each is confirmed once"
    queued = {story.story_id: story for story in await stories_in_queue(settings)}
    assert [queued[name] for name in sorted(queued)] == stories


@IN_BOTH_WAYS
async def test_what_was_confirmed_before_the_broker_went_away_is_in_the_queue(
    settings: Settings, way: Way
) -> None:
    confirmed = list[str]()
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        cut_off = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with open_publisher(cut_off, "test", patience=1) as publisher:
            with pytest.raises(PublishFailedError, match="did not confirm a message"):
                await way(publisher, interrupted(numbered_stories(1_500), {1_100: proxy.refuse}), confirmed)
    queued = {story.story_id for story in await stories_in_queue(settings)}
    assert 0 < len(confirmed) < 1_500
    assert set(confirmed) <= queued


@IN_BOTH_WAYS
async def test_a_silent_broker_is_not_waited_for_longer_than_the_patience(
    settings: Settings, way: Way
) -> None:
    confirmed = list[str]()
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        silenced = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with open_publisher(silenced, "test", patience=1) as publisher:
            with pytest.raises(PublishFailedError, match=r"did not confirm a message.* within 1 s"):
                await way(publisher, interrupted(numbered_stories(1_500), {700: proxy.black_hole}), confirmed)
            proxy.restore()
    assert set(confirmed) <= {story.story_id for story in await stories_in_queue(settings)}


@IN_BOTH_WAYS
async def test_stories_without_a_queue_are_an_error_and_none_of_them_counts(
    settings: Settings, way: Way
) -> None:
    confirmed = list[str]()
    async with connect(settings, "test") as connection:
        await (await connection.channel()).queue_delete(Names(settings.namespace).stories)
    async with open_publisher(settings, "test", patience=30) as publisher:
        with pytest.raises(TopologyError, match="its queue for story is missing"):
            await way(publisher, numbered_stories(600), confirmed)
    assert confirmed == []


@IN_BOTH_WAYS
async def test_a_queue_that_is_there_again_gets_everything_that_was_returned(
    settings: Settings, way: Way
) -> None:
    stories, confirmed, tasks = numbered_stories(600), list[str](), list[asyncio.Task[object]]()
    async with connect(settings, "test") as connection:
        await (await connection.channel()).queue_delete(Names(settings.namespace).stories)
    declare = in_background(lambda: topology.declare(settings), tasks)
    async with open_publisher(settings, "test", patience=30) as publisher:
        await way(publisher, interrupted(stories, {40: declare}), confirmed)
    await asyncio.gather(*tasks)
    assert sorted(confirmed) == [story.story_id for story in stories]
    assert {story.story_id for story in await stories_in_queue(settings)} == set(confirmed)


@IN_BOTH_WAYS
async def test_refused_messages_are_an_error_that_names_the_reason(settings: Settings, way: Way) -> None:
    confirmed = list[str]()
    async with full_queue(settings), open_publisher(settings, "test", patience=1) as publisher:
        with pytest.raises(PublishFailedError, match="its queue may be full"):
            await way(publisher, numbered_stories(600), confirmed)
    assert len(confirmed) <= 10, "a confirm means that every bound queue has the message"


@IN_BOTH_WAYS
async def test_refused_messages_are_published_when_there_is_room(settings: Settings, way: Way) -> None:
    stories, confirmed, tasks = numbered_stories(600), list[str](), list[asyncio.Task[object]]()
    async with full_queue(settings) as take_away, open_publisher(settings, "test", patience=30) as publisher:
        make_room = in_background(take_away, tasks)
        await way(publisher, interrupted(stories, {40: make_room}), confirmed)
    await asyncio.gather(*tasks)
    assert sorted(confirmed) == [story.story_id for story in stories]
    assert {story.story_id for story in await stories_in_queue(settings)} == set(confirmed)


async def test_messages_are_the_same_in_both_ways(settings: Settings) -> None:
    stories = numbered_stories(2)
    queue = Names(settings.namespace).stories
    async with open_publisher(settings, "test", patience=10) as publisher:
        for way in WAYS.values():
            await way(publisher, stories, [])
    async with connect(settings, "test") as connection:
        source = await (await connection.channel()).get_queue(queue)
        got = [await source.get() for _ in range(4)]
    slow, fast = ({one.body: one for one in pair} for pair in (got[:2], got[2:]))
    assert slow.keys() == fast.keys()
    for body, one in slow.items():
        other = fast[body]
        assert (one.headers, one.content_type, one.delivery_mode, one.routing_key, one.exchange) == (
            other.headers,
            other.content_type,
            other.delivery_mode,
            other.routing_key,
            other.exchange,
        )
        assert other.timestamp is not None
    assert len({one.message_id for one in got}) == 4


async def test_messages_larger_than_a_frame_are_published_whole(settings: Settings) -> None:
    url = "https://redd.it/s1?" + "é" * 1_000
    placed = [PlacedStory(f"{n:016x}", n, Story(url, url, "x")) for n in range(1, 301)]
    events = list(list_events("b1", placed))
    assert max(len(event.model_dump_json()) for event in events) > CHUNK_BYTES // 2
    async with (
        open_publisher(settings, "test", patience=10) as publisher,
        aclosing(publisher.many(events)) as groups,
    ):
        confirmed = [event async for group in groups for event in group]
    assert confirmed == events
    async with browse(settings, Names(settings.namespace).ledger_queue, "test") as held:
        assert [decode_event(delivery.body) for delivery in held] == events


async def test_no_more_than_the_window_is_taken_ahead_of_the_confirms(settings: Settings) -> None:
    taken, confirmed, most = 0, 0, 0

    def stories() -> Iterator[StoryMessage]:
        nonlocal taken
        for message in numbered_stories(2_000):
            taken += 1
            yield message

    async with (
        open_publisher(settings, "test", patience=30) as publisher,
        aclosing(publisher.many(stories())) as groups,
    ):
        channel = await (await publisher.connect()).get_underlay_channel()
        assert isinstance(channel, aiormq.Channel)
        async for group in groups:
            # All others arrive while the caller notes those that it has.
            await until(lambda: not channel.confirmations)
            most = max(most, taken - confirmed)
            confirmed += len(group)
    assert (taken, confirmed) == (2_000, 2_000)
    assert most <= WINDOW
