"""A delivery that is cut out of the bytes is the one that the client library would have made."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest
from aio_pika.abc import HeadersType

from gt_common.messaging.connection import connect
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.subscription import subscribe
from gt_common.messaging.tap import Tap
from gt_common.settings import Settings
from support.waiting import until

pytestmark = pytest.mark.broker

TYPE = "application/json"
WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
HEADERS: list[HeadersType] = [
    {},
    {
        "gt-reason": "because",
        "n": 7,
        "deep": {"list": [1, "two", None]},
        "when": WHEN,
        "no": False,
    },
    {"x-death": [{"reason": "expired", "time": WHEN, "count": 2, "queue": "q"}]},
    {"x-death": "nonsense", "ключ": "значение"},
]
BODIES = [b"", b"{}", bytes(range(256)) * 40, b"x" * 400_000]  # the last takes several frames


def _messages() -> list[aio_pika.Message]:
    plain = [aio_pika.Message(body) for body in BODIES]
    full = [
        aio_pika.Message(
            body, headers=headers, content_type="application/json", timestamp=WHEN, message_id="m"
        )
        for body in BODIES
        for headers in HEADERS
    ]
    return [*plain, *full]


OF_THE_BROKER = {"x-delivery-count", "x-acquired-count"}
"""Headers that a broker adds when it delivers again; the second from RabbitMQ 4.3 on."""


def _facts(delivery: Delivery) -> tuple[object, ...]:
    own = {name: value for name, value in delivery.headers.items() if name not in OF_THE_BROKER}
    at = delivery.died_at
    when = at if delivery.content_type else abs(at - datetime.now(UTC)) < timedelta(minutes=5)
    return (delivery.body, own, delivery.content_type, delivery.via, delivery.died_of, when)


async def _held(settings: Settings, queue: str, count: int) -> list[Delivery]:
    """Hold all messages of a queue and let the broker have them back."""
    held: list[Delivery] = []
    async with subscribe(settings, queue, count, held.append, "test"):
        await until(lambda: len(held) == count)
        assert not any(delivery.lost for delivery in held)
    assert all(delivery.lost for delivery in held)
    return held


async def test_the_tap_and_the_library_deliver_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, sent = Names(settings.namespace).stories, _messages()
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        await asyncio.gather(*(channel.default_exchange.publish(message, queue) for message in sent))
    tapped = await _held(settings, queue, len(sent))
    with monkeypatch.context() as patched:
        patched.setattr(Tap, "consume", lambda *_: None)
        plain = await _held(settings, queue, len(sent))
    facts = [sorted(map(_facts, some), key=repr) for some in (tapped, plain)]
    assert facts[0] == facts[1]
    assert sorted(one.body for one in tapped) == sorted(message.body for message in sent)
    assert {(d.redelivered, d.delivery_count) for d in tapped} == {(False, 0)}
    assert {(d.redelivered, d.delivery_count) for d in plain} == {(True, 1)}


async def test_a_handler_that_fails_leaves_its_delivery_unsettled_and_stops_no_other(
    settings: Settings,
) -> None:
    queue = Names(settings.namespace).stories
    seen: list[Delivery] = []

    def handle(delivery: Delivery) -> None:
        seen.append(delivery)
        if len(seen) == 1:
            raise RuntimeError("a fault of the handler")

    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        for body in (b"1", b"2", b"3"):
            await channel.default_exchange.publish(aio_pika.Message(body), queue)
    async with subscribe(settings, queue, 10, handle, "test"):
        await until(lambda: len(seen) == 3)
        assert not seen[0].lost
        assert await seen[2].ack()
