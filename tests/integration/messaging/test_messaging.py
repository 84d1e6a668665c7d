"""The messaging layer on a real broker: confirms, waits, network failures, and plain errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from gt_common.errors import (
    BrokerUnreachableError,
    CredentialsRefusedError,
    TopologyError,
    UsageError,
)
from gt_common.messages import BatchOpened, StoryMessage, decode_story
from gt_common.messaging import topology
from gt_common.messaging.browse import browse
from gt_common.messaging.connection import connect
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.follow import follow
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.messaging.topology import Role
from gt_common.settings import Settings
from support.broker.tcp_proxy import open_proxy
from support.fleet import tally

pytestmark = pytest.mark.broker


def story(number: int) -> StoryMessage:
    url = f"https://www.reddit.com/comments/{number}/"
    return StoryMessage(batch_id="b1", story_id=f"s{number}", position=number, url=url, canonical_url=url)


def through(settings: Settings, url: str, **changes: object) -> Settings:
    return settings.model_copy(update={"amqp_url": SecretStr(url), **changes})


async def take(arrived: asyncio.Queue[Delivery], count: int) -> list[Delivery]:
    async with asyncio.timeout(90):
        return [await arrived.get() for _ in range(count)]


async def test_story_goes_round_through_a_wait_queue_in_its_time(settings: Settings) -> None:
    names, arrived = Names(settings.namespace), asyncio.Queue[Delivery]()
    loop = asyncio.get_running_loop()
    async with (
        open_publisher(settings, "test", patience=10) as publisher,
        subscribe(settings, names.stories, 1, arrived.put_nowait, "test"),
    ):
        begun = loop.time()
        await publisher.retry(sent := story(1), 0.15)
        (delivery,) = await take(arrived, 1)
        waited = loop.time() - begun
        assert decode_story(delivery.body) == sent
        assert delivery.delivery_count == 0
        assert await delivery.ack()
    assert waited >= 0.19, "a delay between two queues takes the longer one"


async def test_prefetch_bounds_what_is_held_and_unsettled_stories_come_again_counted(
    settings: Settings,
) -> None:
    names, first, second = Names(settings.namespace), asyncio.Queue[Delivery](), asyncio.Queue[Delivery]()
    async with open_publisher(settings, "test", patience=10) as publisher:
        await asyncio.gather(*(publisher.story(story(number)) for number in range(1, 6)))
        async with subscribe(settings, names.stories, 2, first.put_nowait, "test"):
            await take(first, 2)
            (info,) = await topology.inspect(settings, [names.stories])
            assert (info.messages, first.qsize()) == (3, 0)
        async with subscribe(settings, names.stories, 5, second.put_nowait, "test"):
            again = await take(second, 5)
    assert sorted(delivery.delivery_count for delivery in again) == [0, 0, 0, 1, 1]


async def test_subscription_comes_back_after_a_reset_and_a_refused_network(settings: Settings) -> None:
    names, arrived = Names(settings.namespace), asyncio.Queue[Delivery]()
    url = settings.amqp_url.get_secret_value()
    async with (
        open_publisher(settings, "test", patience=10) as publisher,
        open_proxy(url) as (proxy, proxied),
        subscribe(through(settings, proxied), names.stories, 1, arrived.put_nowait, "test"),
    ):
        await publisher.story(story(1))
        (lost,) = await take(arrived, 1)
        proxy.refuse()
        (again,) = await _after_restore(proxy.restore, arrived)
        assert (lost.lost, again.lost) == (True, False)
        assert not await lost.ack()
        assert again.delivery_count == 1
        assert await again.ack()
        await publisher.story(story(2))
        (fresh,) = await take(arrived, 1)
        assert decode_story(fresh.body).story_id == "s2"
        assert await fresh.ack()


async def _after_restore(restore: Callable[[], None], arrived: asyncio.Queue[Delivery]) -> list[Delivery]:
    asyncio.get_running_loop().call_later(0.3, restore)
    return await take(arrived, 1)


async def test_cancelled_subscription_still_settles_what_it_holds(settings: Settings) -> None:
    names, arrived = Names(settings.namespace), asyncio.Queue[Delivery]()
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher.story(story(1))
        async with subscribe(settings, names.stories, 1, arrived.put_nowait, "test") as subscription:
            (delivery,) = await take(arrived, 1)
            await subscription.cancel()
            await publisher.story(story(2))
            assert await delivery.ack()
        assert arrived.empty()
        (info,) = await topology.inspect(settings, [names.stories])
        assert info.messages == 1


async def test_publishing_goes_on_over_resets_and_a_black_hole_without_loss(settings: Settings) -> None:
    names, arrived = Names(settings.namespace), asyncio.Queue[Delivery]()
    url = settings.amqp_url.get_secret_value()
    async with open_proxy(url) as (proxy, proxied):
        impatient = through(settings, proxied, heartbeat=2, connect_timeout=2.0)
        async with open_publisher(impatient, "test", patience=60) as publisher:
            await publisher.story(story(1))
            cut = asyncio.create_task(_cut_often(proxy.reset))
            await asyncio.gather(*(publisher.story(story(number)) for number in range(2, 402)))
            cut.cancel()
            proxy.black_hole()
            late = asyncio.create_task(publisher.story(story(402)))
            asyncio.get_running_loop().call_later(11, proxy.restore)
            await late
    async with subscribe(settings, names.stories, 1000, arrived.put_nowait, "test"):
        seen: set[str] = set()
        while len(seen) < 402:
            (delivery,) = await take(arrived, 1)
            seen.add(decode_story(delivery.body).story_id)
            await delivery.ack()
    assert seen == {f"s{number}" for number in range(1, 403)}


async def _cut_often(cut: Callable[[], None]) -> None:
    """Cut at growing intervals: however slow the machine, some connection lives long enough."""
    never, seconds = asyncio.Event(), 0.05
    while True:
        try:
            async with asyncio.timeout(seconds):
                await never.wait()
        except TimeoutError:
            cut()
            seconds *= 1.3


async def test_browsing_returns_what_it_did_not_settle_in_order(settings: Settings) -> None:
    names = Names(settings.namespace)
    async with open_publisher(settings, "test", patience=10) as publisher:
        for number in range(1, 8):
            await publisher.malformed(f"body {number}".encode(), "test", "story")
    async with browse(settings, names.dlq, "test") as letters:
        assert [letter.body for letter in letters] == [f"body {n}".encode() for n in range(1, 8)]
        assert letters[0].headers["gt-reason"] == "test"
        for letter in letters[1:4:2]:
            await letter.ack()
    async with browse(settings, names.dlq, "test") as rest:
        assert [letter.body for letter in rest] == [f"body {n}".encode() for n in (1, 3, 5, 6, 7)]
    async with browse(settings, names.results_dlq, "test") as none:
        assert none == []


async def test_one_dead_letter_reaches_the_dead_letter_queue_and_the_ledger(settings: Settings) -> None:
    names = Names(settings.namespace)
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher.malformed(b"x", "because", "story")
    infos = await topology.inspect(settings, [names.dlq, names.ledger_queue, names.results_dlq])
    assert [info.messages for info in infos] == [1, 1, 0]


async def test_follower_sees_what_the_ledger_has_and_progress_of_its_batch_only(
    settings: Settings, environment: dict[str, str]
) -> None:
    async with open_publisher(settings, "test", patience=10) as publisher:
        events = follow(settings, "b1")
        async with asyncio.timeout(40):
            assert await anext(events) is None
            await publisher.event(BatchOpened(batch_id="other", total=1))
            await publisher.event(opened := BatchOpened(batch_id="b1", total=1))
            await publisher.progress(fine := BatchOpened(batch_id="b1", total=2))
            assert await anext(events) == fine, "the ledger has no result yet"
            await tally(environment, settings, "b1")
            assert await anext(events) == opened
        await events.aclose()


async def test_unroutable_publish_is_an_error_not_a_loss(settings: Settings) -> None:
    await topology.delete(settings)
    async with open_publisher(settings, "test", patience=30) as publisher:
        with pytest.raises(TopologyError, match="gt-topology declare"):
            await publisher.story(story(1))
    await topology.ensure(settings, Role.PRODUCER)
    (info,) = await topology.inspect(settings, [Names(settings.namespace).stories])
    assert info.messages == 0


async def test_other_arguments_of_an_existing_queue_are_said_plainly(settings: Settings) -> None:
    names = Names(settings.namespace)
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        await channel.queue_delete(names.dlq)
        await channel.declare_queue(names.dlq, durable=True)
    with pytest.raises(TopologyError, match=r"exists with other arguments.*gt-topology delete"):
        await topology.declare(settings)


async def test_subscribing_to_a_missing_queue_says_what_to_run(settings: Settings) -> None:
    with pytest.raises(TopologyError, match="gt-topology declare"):
        async with subscribe(settings, "no.such.queue", 1, lambda _: None, "test"):
            pytest.fail("a subscription to a missing queue stands")


@pytest.mark.parametrize(
    ("url", "error", "text"),
    [
        (
            "amqp://guest:s3cret@127.0.0.1:1/",
            BrokerUnreachableError,
            "no broker answers at amqp://guest@127.0.0.1:1/",
        ),
        ("amqp://guest:a/b@127.0.0.1/", UsageError, "write @ as %40"),
        ("http://127.0.0.1/", UsageError, "must be amqp://"),
        ("amqp://guest:s3@s3cret/w@127.0.0.1:5672/", UsageError, "write @ as %40"),
        ("amqps://guest:s3cret@127.0.0.1/?no_verify_ssl=1", UsageError, "no_verify_ssl is not allowed"),
        ("amqp://guest:12?s3cret@127.0.0.1/", UsageError, "? as %3F"),
        ("amqp://guest:12#s3cret@127.0.0.1/", UsageError, "# as %23"),
        (
            "amqp://guest:1,s3cret@127.0.0.1:1/",
            BrokerUnreachableError,
            "answers at amqp://guest@127.0.0.1:1/",
        ),
        ("amqp://guest:s3cret@one, two:5672/", UsageError, "separate several URLs by commas"),
        ("amqp://guest:s3cret@127.0.0.1/?verify=0", UsageError, "unknown option verify"),
    ],
)
async def test_wrong_addresses_are_said_without_the_password(
    settings: Settings, url: str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        await topology.inspect(through(settings, url))
    assert text in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_wrong_password_and_virtual_host_are_refused_credentials(settings: Settings) -> None:
    address = settings.amqp_url.get_secret_value().rpartition("@")[2].partition("/")[0]
    for url in (f"amqp://guest:wrong@{address}/", f"amqp://nobody:wrong@{address}/"):
        with pytest.raises(CredentialsRefusedError, match="refused the user name or password"):
            await topology.inspect(through(settings, url))
    base = settings.amqp_url.get_secret_value().rpartition("/")[0]
    with pytest.raises(CredentialsRefusedError, match="virtual host"):
        await topology.inspect(through(settings, f"{base}/no-such-vhost"))


async def test_hosts_are_tried_in_turn(settings: Settings) -> None:
    url = f"amqp://guest:guest@127.0.0.1:1/, {settings.amqp_url.get_secret_value()}"
    infos = await topology.inspect(through(settings, url), [Names(settings.namespace).stories])
    assert infos[0].messages == 0


async def test_mute_peer_is_given_up_in_time(settings: Settings) -> None:
    url = settings.amqp_url.get_secret_value()
    async with open_proxy(url) as (proxy, proxied):
        proxy.black_hole()
        with pytest.raises(BrokerUnreachableError, match=r"did not answer within 0\.5 s"):
            await topology.inspect(through(settings, proxied, connect_timeout=0.5))
