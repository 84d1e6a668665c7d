"""When each provider may get its next token: what a new leader knows of the leaders before it.

The leader publishes a notice before each token of a long interval, so that its successor waits only for the
rest of it. A short interval is waited for in full, without a notice.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from gt_common.messages import utc_now
from gt_common.messaging.rate_limits.notices import REPLAYED_S, BarrierNotice, Notice, TokenNotice
from gt_common.rates import Rate

RECORDED_FROM_S: Final = 20.0
"""Tokens of intervals that are longer than this are recorded."""

_FREEZE_S = 15.0
"""A leader may be frozen between notice and token for as long as the broker keeps its lock."""

Publish = Callable[[Notice], Awaitable[None]]


class TokenHistory:
    """The latest token of each provider, as far as this worker has read the stream."""

    def __init__(self) -> None:
        self._next_at: dict[str, datetime] = {}
        self._barriers: dict[str, asyncio.Event] = {}

    def add(self, notice: TokenNotice | BarrierNotice) -> None:
        """Add a notice that was read from the stream."""
        if isinstance(notice, TokenNotice):
            self._next_at[notice.provider] = notice.next_at
        elif notice.id in self._barriers:
            self._barriers[notice.id].set()

    async def wait_until_due(self, rate: Rate, publish: Publish) -> None:
        """Wait until a new leader may issue its first token, at most one interval.

        Parameters:
            publish: appends a notice to the stream
        """
        if not is_recorded(rate):
            await asyncio.sleep(rate.interval_s)
            return
        try:
            async with asyncio.timeout(rate.interval_s) as interval:
                await self._catch_up(publish)
        except TimeoutError:
            if interval.expired():
                return  # whatever was issued before, an interval has passed since
            raise
        next_at = self._next_at.get(rate.provider)
        if next_at is not None:
            left_s = (next_at - utc_now()).total_seconds()
            await asyncio.sleep(min(max(left_s, 0.0), rate.interval_s))

    async def _catch_up(self, publish: Publish) -> None:
        """Wait until this worker has read all that was in the stream when it was elected."""
        barrier = BarrierNotice(id=uuid.uuid4().hex)
        reached = self._barriers[barrier.id] = asyncio.Event()
        try:
            await publish(barrier)
            await reached.wait()
        finally:
            del self._barriers[barrier.id]


async def record_token(rate: Rate, publish: Publish) -> None:
    """Publish when the token after the one that is about to be issued is due."""
    if is_recorded(rate):
        next_at = utc_now() + timedelta(seconds=rate.interval_s + _FREEZE_S)
        await publish(TokenNotice(provider=rate.provider, next_at=next_at))


def is_recorded(rate: Rate) -> bool:
    """Whether a rate's tokens are recorded: its interval is long, but shorter than what is replayed."""
    return RECORDED_FROM_S < rate.interval_s < REPLAYED_S
