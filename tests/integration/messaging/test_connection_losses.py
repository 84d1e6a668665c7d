"""Connections that are lost at a chosen moment: between two steps, or while they are restored."""

from __future__ import annotations

import asyncio

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelInvalidStateError
from pydantic import SecretStr
from structlog.testing import capture_logs

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError
from gt_common.messages import StoryMessage
from gt_common.messaging.connection import open_connection
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.pipeline import Outgoing, Pipeline
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.messaging.topology import inspect
from gt_common.settings import Settings
from support.broker.tcp_proxy import open_proxy
from support.waiting import until

pytestmark = pytest.mark.broker


async def test_a_connection_lost_before_its_first_channel_is_said_plainly(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = aio_pika.Connection.channel
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):

        def lost(self: aio_pika.Connection, **named: bool) -> AbstractChannel:
            proxy.reset()
            return channel(self, None, **named)

        monkeypatch.setattr(aio_pika.Connection, "channel", lost)
        through = settings.model_copy(update={"amqp_url": SecretStr(url)})
        with pytest.raises(BrokerUnreachableError, match="open a channel to publish on"):
            async with open_publisher(through, "test", patience=5):
                pytest.fail("there is no channel")


async def test_a_subscription_that_is_cancelled_while_it_comes_back_takes_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories, arrived = Names(settings.namespace).stories, asyncio.Queue[Delivery]()
    connecting, go_on = asyncio.Event(), asyncio.Event()

    async def held(of: Settings, name: str) -> AbstractConnection:
        connecting.set()
        await go_on.wait()
        return await open_connection(of, name)

    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        through = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with subscribe(through, stories, 1, arrived.put_nowait, "test") as subscription:
            monkeypatch.setattr("gt_common.messaging.subscription.open_connection", held)
            proxy.reset()
            await connecting.wait()
            await subscription.cancel()
            go_on.set()

            async def nobody_consumes() -> bool:
                (info,) = await inspect(settings, [stories])
                return proxy.accepted == 2 and info.consumers == 0

            await until(nobody_consumes)
            async with open_publisher(settings, "test", patience=10) as publisher:
                address = "https://www.reddit.com/comments/1/"
                await publisher.story(
                    StoryMessage(batch_id="b1", story_id="s1", position=1, url=address, canonical_url=address)
                )
            (info,) = await inspect(settings, [stories])
            assert (info.messages, info.consumers, arrived.qsize()) == (1, 0, 0)


async def test_a_password_that_is_refused_after_a_loss_is_told_once_with_its_cause(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories, arrived = Names(settings.namespace).stories, asyncio.Queue[Delivery]()
    refusals = [3]

    async def refused(of: Settings, name: str) -> AbstractConnection:
        if refusals[0]:
            refusals[0] -= 1
            raise CredentialsRefusedError("the broker refused the password; check GT_AMQP_URL")
        return await open_connection(of, name)

    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        through = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with subscribe(through, stories, 1, arrived.put_nowait, "test"):
            monkeypatch.setattr("gt_common.messaging.subscription.open_connection", refused)
            with capture_logs() as logs:
                proxy.reset()
                await until(lambda: "subscription_restored" in [line["event"] for line in logs])
    failed = [line for line in logs if line["event"] == "resubscribe_failed"]
    assert [line["log_level"] for line in failed] == ["warning", "info", "info"]
    assert "refused the password; check GT_AMQP_URL" in failed[0]["error"]


async def test_a_refused_password_is_told_though_the_publisher_was_in_trouble_before(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems: list[Exception] = [
        CredentialsRefusedError("the broker refused the password"),
        CredentialsRefusedError("the broker refused the password"),
        BrokerUnreachableError("no broker answers"),
    ]

    async def failing(of: Settings, name: str) -> AbstractConnection:
        if problems:
            raise problems.pop()
        return await open_connection(of, name)

    address = "https://www.reddit.com/comments/1/"
    message = StoryMessage(batch_id="b1", story_id="s1", position=1, url=address, canonical_url=address)
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        through = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with open_publisher(through, "test") as publisher:
            monkeypatch.setattr("gt_common.messaging.publisher.open_connection", failing)
            with capture_logs() as logs:
                proxy.reset()
                await publisher.story(message)
    told = [(line["log_level"], line["error"]) for line in logs if line["event"] == "publish_failed"]
    refused = "the broker refused the password"
    assert [error for level, error in told if level == "warning"][-1] == refused
    assert [level for level, error in told if error == refused] == ["warning", "debug"]


async def test_a_paused_subscription_takes_nothing_until_it_is_resumed(settings: Settings) -> None:
    stories, arrived = Names(settings.namespace).stories, asyncio.Queue[Delivery]()
    address = "https://www.reddit.com/comments/1/"
    message = StoryMessage(batch_id="b1", story_id="s1", position=1, url=address, canonical_url=address)
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        through = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with (
            subscribe(through, stories, 1, arrived.put_nowait, "test") as subscription,
            open_publisher(settings, "test", patience=10) as publisher,
        ):
            await subscription.pause()
            await publisher.story(message)
            proxy.reset()

            async def is_back() -> bool:
                return proxy.accepted == 2

            await until(is_back)
            (info,) = await inspect(settings, [stories])
            assert (info.messages, info.consumers, arrived.qsize()) == (1, 0, 0)
            await subscription.resume()
            delivery = await asyncio.wait_for(arrived.get(), 20)
            await delivery.ack()


async def test_a_write_that_waits_for_room_ends_with_its_channel_and_lets_others_go(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Outgoing(Names(settings.namespace).stories, "story", b"{}", {})
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        through = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with open_publisher(through, "test", patience=10) as publisher, asyncio.timeout(60):
            pipeline = await publisher.pipeline()
            full = asyncio.Queue[object](1)  # nobody takes from it, as when the connection's writer has ended
            full.put_nowait(None)
            monkeypatch.setattr(pipeline.channel, "write_queue", full)
            waiting = pipeline.publish(out)
            behind = asyncio.create_task(pipeline.send([(None, out)], lambda *_: pytest.fail("not sent")))
            proxy.reset()
            assert not await waiting
            with pytest.raises(ChannelInvalidStateError):
                await behind


async def test_a_message_that_its_group_did_not_get_confirmed_counts_as_published_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unconfirmed(self: Pipeline, _: Outgoing) -> asyncio.Future[bool]:
        future = self.channel.loop.create_future()
        future.set_result(False)
        return future

    address = "https://www.reddit.com/comments/1/"
    message = StoryMessage(batch_id="b1", story_id="s1", position=1, url=address, canonical_url=address)
    monkeypatch.setattr(Pipeline, "publish", unconfirmed)
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher.story(message)
        assert publisher.repeats == 1
