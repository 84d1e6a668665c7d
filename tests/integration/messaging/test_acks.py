"""Acks written together: each is for its delivery, and none is believed after the connection is lost."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from pydantic import SecretStr

from gt_common.messages import decode_story
from gt_common.messaging import topology
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.settings import Settings
from support.broker.tcp_proxy import open_proxy
from support.publishing import numbered_stories
from support.waiting import until

pytestmark = pytest.mark.broker


async def test_acks_of_one_turn_settle_their_own_deliveries_only(settings: Settings) -> None:
    queue = Names(settings.namespace).stories
    async with open_publisher(settings, "test", patience=30) as publisher:
        await asyncio.gather(*(publisher.story(story) for story in numbered_stories(20)))
    held: list[Delivery] = []
    async with subscribe(settings, queue, 20, held.append, "test"):
        await until(lambda: len(held) == 20)
        kept = {decode_story(delivery.body).story_id for delivery in held[::2]}
        assert all(await asyncio.gather(*(delivery.ack() for delivery in held[1::2])))
    again: list[Delivery] = []
    async with subscribe(settings, queue, 20, again.append, "test"):
        await until(lambda: len(again) >= 10)
        assert {decode_story(delivery.body).story_id for delivery in again} == kept
        assert await again[-1].ack(with_earlier=True)
    await until(partial(_is_empty, settings, queue))


async def _is_empty(settings: Settings, queue: str) -> bool:
    (info,) = await topology.inspect(settings, [queue])
    return info.messages == 0


async def test_an_ack_of_a_lost_connection_is_none(settings: Settings) -> None:
    held: list[Delivery] = []
    async with open_publisher(settings, "test", patience=30) as publisher:
        await publisher.story(numbered_stories(1)[0])
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        cut_off = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with subscribe(cut_off, Names(settings.namespace).stories, 1, held.append, "test"):
            await until(lambda: len(held) == 1)
            first = held[0]
            proxy.reset()
            await until(lambda: first.lost)
            assert not await first.ack()
            assert not first.settled
            await until(lambda: len(held) == 2)
            assert await held[1].ack()
