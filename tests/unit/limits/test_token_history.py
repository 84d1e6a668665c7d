"""What workers tell each other in the stream, and what a new leader knows of the tokens before it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gt_common.messages import utc_now
from gt_common.messaging.rate_limits.notices import (
    BarrierNotice,
    Notice,
    PauseNotice,
    StartNotice,
    TokenNotice,
    decode_notice,
    encode_notice,
)
from gt_common.messaging.rate_limits.token_history import TokenHistory, is_recorded, record_token
from gt_common.rates import Rate

HOURLY = Rate("gemini", 60, 3600.0)


class Stream:
    """A stream that delivers each notice at once, or never."""

    def __init__(self, history: TokenHistory, *, delivers: bool = True) -> None:
        self.history = history
        self.delivers = delivers
        self.bodies: list[bytes] = []

    async def publish(self, sent: Notice) -> None:
        self.bodies.append(encode_notice(sent))
        notice = decode_notice(self.bodies[-1])
        assert isinstance(notice, TokenNotice | BarrierNotice)
        if self.delivers:
            self.history.add(notice)


@pytest.mark.parametrize(
    ("notice", "kind"),
    [
        (PauseNotice(provider="gemini", until=utc_now()), b'"type":"pause"'),
        (StartNotice(run="b/s1/1/1/0"), b'"type":"start"'),
        (TokenNotice(provider="gemini", next_at=utc_now()), b'"type":"turn"'),
        (BarrierNotice(id="a"), b'"type":"echo"'),
    ],
)
def test_a_notice_survives_the_stream_under_the_type_that_earlier_releases_read(
    notice: Notice, kind: bytes
) -> None:
    body = encode_notice(notice)
    assert decode_notice(body) == notice
    assert kind in body


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
def test_what_is_not_a_notice_is_passed_over(body: bytes) -> None:
    assert decode_notice(body) is None


@pytest.mark.parametrize(
    ("rate", "recorded"),
    [(Rate("p", 10, 60.0), False), (HOURLY, True), (Rate("p", 20, 3600.0), True), (Rate("p", 1, 2e5), False)],
)
async def test_only_tokens_of_long_intervals_are_recorded(rate: Rate, recorded: bool) -> None:
    stream = Stream(TokenHistory())
    await record_token(rate, stream.publish)
    assert is_recorded(rate) is recorded
    assert len(stream.bodies) == recorded


async def test_without_an_earlier_token_a_leader_does_not_wait() -> None:
    history = TokenHistory()
    async with asyncio.timeout(1):
        await history.wait_until_due(HOURLY, Stream(history).publish)


@pytest.mark.parametrize("delivers", [True, False])
async def test_a_leader_waits_after_a_recent_token_or_when_the_stream_is_silent(delivers: bool) -> None:
    history = TokenHistory()
    await record_token(HOURLY, Stream(history).publish)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await history.wait_until_due(HOURLY, Stream(history, delivers=delivers).publish)


async def test_a_leader_does_not_wait_after_a_token_of_long_ago() -> None:
    history = TokenHistory()
    history.add(TokenNotice(provider="gemini", next_at=utc_now() - timedelta(seconds=1)))
    async with asyncio.timeout(1):
        await history.wait_until_due(HOURLY, Stream(history).publish)


async def test_a_publish_that_times_out_is_not_taken_for_an_interval_that_has_passed() -> None:
    async def publish(_notice: Notice) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await TokenHistory().wait_until_due(HOURLY, publish)
