"""Deliveries are cut out of the broker's bytes whole, however these are split; all else stays as it was."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal, unmarshal
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from gt_common.messaging import tap as taps
from gt_common.messaging.tap import Arrived, Tap

CHANNEL, TAG = 3, "consumer"
WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
OTHER = marshal(Basic.Ack(delivery_tag=9, multiple=True), 1)


def _delivery(
    tag: int, body: bytes, *, most: int = 4096, channel: int = CHANNEL, to: str = TAG
) -> list[bytes]:
    deliver = Basic.Deliver(to, tag, redelivered=tag % 2 == 0, exchange="gt.x", routing_key="results")
    properties = Basic.Properties(headers={"n": tag, "x-death": [{"count": 1}]}, timestamp=WHEN)
    parts = [body[at : at + most] for at in range(0, len(body), most)]
    return [
        marshal(deliver, channel),
        marshal(ContentHeader(body_size=len(body), properties=properties), channel),
        *(marshal(ContentBody(part), channel) for part in parts),
    ]


def _through(tap: Tap, data: bytes, sizes: Sequence[int]) -> bytes:
    passed, at = b"", 0
    for size in sizes:
        passed += tap.pass_on(data[at : at + size])
        at += size
    return passed + tap.pass_on(data[at:])


def _tap(taken: list[Arrived]) -> Tap:
    tap = Tap()
    tap.consume(CHANNEL, TAG, taken.append)
    return tap


@pytest.mark.parametrize("seed", range(20))
def test_any_split_gives_the_same_deliveries_and_leaves_the_rest(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taps, "_SIGN_EVERY_S", 1e9)
    chance = random.Random(seed)  # noqa: S311 - guards nothing
    bodies = [chance.randbytes(chance.choice((0, 1, 40, 9000))) for _ in range(12)]
    frames: list[bytes] = []
    for number, body in enumerate(bodies, 1):
        own, rest = _delivery(number, body), [OTHER, marshal(Heartbeat(), 0)]
        # Frames of other channels may come between those of a delivery.
        frames += [piece for frame in own for piece in (frame, *chance.sample(rest, chance.randrange(3)))]
    own_frames = {frame for number, body in enumerate(bodies, 1) for frame in _delivery(number, body)}
    data = b"".join(frames)
    taken: list[Arrived] = []
    passed = _through(_tap(taken), data, [chance.choice((1, 7, 100, 5000)) for _ in range(200)])
    assert passed == b"".join(frame for frame in frames if frame not in own_frames)
    assert [(one.tag, one.body, one.redelivered) for one in taken] == [
        (n, body, n % 2 == 0) for n, body in enumerate(bodies, 1)
    ]
    assert {one.exchange for one in taken} == {"gt.x"}
    last = taken[-1].properties()
    assert last.headers == {"n": 12, "x-death": [{"count": 1}]}
    assert last.timestamp == WHEN


def test_deliveries_of_other_consumers_and_channels_are_the_librarys() -> None:
    taken: list[Arrived] = []
    data = b"".join(_delivery(1, b"a", to="another") + _delivery(2, b"b", channel=CHANNEL + 1))
    assert _tap(taken).pass_on(data) == data
    assert taken == []


def test_the_library_hears_a_heartbeat_while_only_deliveries_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    tap = _tap([])
    one = b"".join(_delivery(1, b"a"))
    assert isinstance(unmarshal(tap.pass_on(one))[2], Heartbeat)
    assert tap.pass_on(one) == b""  # not for each delivery
    monkeypatch.setattr(taps, "_SIGN_EVERY_S", 0.0)
    assert isinstance(unmarshal(tap.pass_on(one))[2], Heartbeat)


def test_what_is_not_amqp_is_passed_on_as_it_is() -> None:
    for strange in (b"AMQP\x00\x00\x09\x01", b"HTTP/1.1 400 Bad Request", OTHER[:-1] + b"!"):
        taken: list[Arrived] = []
        tap = _tap(taken)
        assert tap.pass_on(strange) == strange
        assert tap.pass_on(b"".join(_delivery(1, b"a"))) == b"".join(_delivery(1, b"a"))
        assert taken == []


def test_the_end_gives_back_what_is_incomplete() -> None:
    tap = _tap([])
    assert tap.pass_on(OTHER + OTHER[:5]) == OTHER
    assert tap.close() == OTHER[:5]


def test_unreadable_properties_are_none() -> None:
    arrived = Arrived(
        1, redelivered=False, exchange="", header=b"\x00\x3c\x00\x00" + bytes(8) + b"\xff\xfe\x05"
    )
    assert arrived.properties().headers is None
