"""What workers tell each other of pauses and turns."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gt_common.messages import utc_now
from gt_common.messaging.rate_limits.notices import PauseNotice, decode_notice, encode_notice
from gt_common.messaging.rate_limits.turns import EchoNotice, TurnMemory, TurnNotice, is_noted, note_turn
from gt_common.rates import Rate

HOURLY = Rate("gemini", 60, 3600.0)


class Stream:
    """A stream that gives each notice back at once, or not at all."""

    def __init__(self, memory: TurnMemory, *, answers: bool = True) -> None:
        self.memory = memory
        self.answers = answers
        self.bodies: list[bytes] = []

    async def publish(self, body: bytes) -> None:
        self.bodies.append(body)
        notice = decode_notice(body)
        assert isinstance(notice, TurnNotice | EchoNotice)
        if self.answers:
            self.memory.note(notice)


def test_a_pause_survives_the_stream() -> None:
    notice = PauseNotice(provider="gemini", until=utc_now())
    assert decode_notice(encode_notice(notice)) == notice


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"type": "pause", "provider": "gemini"}',
        b'{"type": "pause", "provider": "", "until": "2026-01-01T00:00:00Z"}',
        b'{"type": "pause", "provider": "gemini", "until": "2026-01-01T00:00:00"}',
        b'{"v": 2, "type": "echo", "id": "a"}',
    ],
)
def test_what_is_no_notice_is_passed_over(body: bytes) -> None:
    assert decode_notice(body) is None


@pytest.mark.parametrize(
    ("rate", "noted"),
    [(Rate("p", 10, 60.0), False), (HOURLY, True), (Rate("p", 20, 3600.0), True), (Rate("p", 1, 2e5), False)],
)
async def test_only_long_intervals_are_noted(rate: Rate, noted: bool) -> None:
    stream = Stream(TurnMemory())
    await note_turn(rate, stream.publish)
    assert is_noted(rate) is noted
    assert len(stream.bodies) == noted


async def test_without_an_earlier_turn_nobody_waits() -> None:
    memory = TurnMemory()
    async with asyncio.timeout(1):
        await memory.first_turn(HOURLY, Stream(memory).publish)


@pytest.mark.parametrize("answers", [True, False])
async def test_a_turn_just_given_or_a_silent_stream_is_waited_for(answers: bool) -> None:
    memory = TurnMemory()
    await note_turn(HOURLY, Stream(memory).publish)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await memory.first_turn(HOURLY, Stream(memory, answers=answers).publish)


async def test_a_turn_long_ago_is_not_waited_for() -> None:
    memory = TurnMemory()
    memory.note(TurnNotice(provider="gemini", next_at=utc_now() - timedelta(seconds=1)))
    async with asyncio.timeout(1):
        await memory.first_turn(HOURLY, Stream(memory).publish)
