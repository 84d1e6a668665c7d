"""The stream of an operator's orders: read from its beginning, its end known, and only operators believed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aio_pika
import pytest

from gt_common.messages import utc_now
from gt_common.messaging.connection import connect
from gt_common.messaging.control.notices import (
    CancelNotice,
    ControlOrder,
    HoldNotice,
    ReleaseNotice,
    encode_control,
)
from gt_common.messaging.control.stream import read_control
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.topology import declare, topology
from gt_common.settings import Settings

pytestmark = pytest.mark.broker

CANCEL = CancelNotice(at=utc_now(), by="ann@desk", reason="wrong list", batch_id="b1", stories=(("s1", 1),))
HOLD = HoldNotice(at=utc_now(), by="ann@desk", batch_id="b1", revision=1)
RELEASE = ReleaseNotice(at=utc_now(), by="ann@desk", batch_id="b1", revision=2)


async def read(settings: Settings, publisher: Publisher) -> list[ControlOrder]:
    """Return the orders that a program knows which has just started."""
    known: list[ControlOrder] = []
    async with asyncio.timeout(20), read_control(settings, publisher, "test", known.append) as reader:
        await reader.wait_ready()
        return list(known)


async def test_a_reader_that_starts_later_knows_every_order(settings: Settings) -> None:
    await declare(settings)
    async with open_publisher(settings, "test", 20.0) as publisher:
        assert await read(settings, publisher) == []
        for order in (CANCEL, HOLD, RELEASE):
            await publisher.control(order)
        assert await read(settings, publisher) == [CANCEL, HOLD, RELEASE]
        assert await read(settings, publisher) == [CANCEL, HOLD, RELEASE]


async def test_an_order_counts_however_old_it_is(settings: Settings) -> None:
    """A worker that starts days later must not run what was cancelled: the broker may drop no order."""
    await declare(settings)
    old = CANCEL.model_copy(update={"at": utc_now() - timedelta(days=3)})
    async with open_publisher(settings, "test", 20.0) as publisher:
        await publisher.control(old)
        assert await read(settings, publisher) == [old]
    control = Names(settings.namespace).control
    [stream] = [queue for queue in topology(settings).queues if queue.name == control]
    # Declared with just this, it has neither a limit of age nor one of length.
    assert stream.arguments == {"x-queue-type": "stream"}


async def test_a_reader_hears_of_new_orders(settings: Settings) -> None:
    await declare(settings)
    arrived: asyncio.Queue[ControlOrder] = asyncio.Queue()
    async with (
        asyncio.timeout(20),
        open_publisher(settings, "test", 20.0) as publisher,
        read_control(settings, publisher, "test", arrived.put_nowait) as reader,
    ):
        await reader.wait_ready()
        await publisher.control(HOLD)
        assert await arrived.get() == HOLD


async def test_more_orders_than_fit_into_the_prefetch_are_read(settings: Settings) -> None:
    await declare(settings)
    orders = [HOLD.model_copy(update={"revision": number}) for number in range(1, 701)]
    async with open_publisher(settings, "test", 60.0) as publisher:
        await asyncio.gather(*map(publisher.control, orders))
        known = await read(settings, publisher)
    assert sorted(known, key=lambda order: getattr(order, "revision", 0)) == orders


async def test_an_order_that_came_by_the_exchange_of_marks_is_refused(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    # Every worker may publish there, and no worker may cancel.
    await declare(settings)
    marks = Names(settings.namespace).marks
    async with open_publisher(settings, "test", 20.0) as publisher, connect(settings, "forger") as connection:
        exchange = await (await connection.channel()).get_exchange(marks, ensure=False)
        await exchange.publish(aio_pika.Message(encode_control(CANCEL)), "")
        await exchange.publish(aio_pika.Message(b"no notice"), "")
        assert await read(settings, publisher) == []


async def test_a_reader_reads_the_stream_again_after_a_lost_connection(settings: Settings) -> None:
    await declare(settings)
    known: list[ControlOrder] = []
    async with (
        asyncio.timeout(30),
        open_publisher(settings, "test", 20.0) as publisher,
        read_control(settings, publisher, "test", known.append) as reader,
    ):
        await publisher.control(CANCEL)
        await reader.wait_ready()
        reader.restart()
        assert not reader.ready
        await reader.wait_ready()
    assert CANCEL in known
