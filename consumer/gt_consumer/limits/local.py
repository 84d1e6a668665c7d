"""The limits of one process, shared by all its children: a log of the latest grants per provider.

The log is exact: a grant is given as soon as it keeps to the limit in every window, so `20/hour` may start
twenty stories at once and then makes the next wait. A bucket that is filled at a steady pace allows up to
twice the rate at the edge of two windows if it may be full, and makes a first burst wait if it may not.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from gt_common.messages import utc_now
from gt_common.rates import Rate
from gt_consumer.limits.pauses import Pauses

Sleep = Callable[[float], Awaitable[None]]

_LONGEST_NAP_S = 3600.0
"""A clock that is set, or a machine that slept, is noticed after this long."""


class SlidingLog:
    """The latest grants of one provider: never more than `count` within any `window_s` seconds."""

    def __init__(self, rate: Rate) -> None:
        self._window_s = rate.window_s
        self._grants: deque[float] = deque(maxlen=rate.count)

    def wait_s(self, now: float) -> float:
        """Give the seconds until a grant is possible; 0 when it is now."""
        if len(self._grants) < (self._grants.maxlen or 0):
            return 0.0
        return max(0.0, self._grants[0] + self._window_s - now)

    def note(self, now: float) -> None:
        """Note a grant; the one that it makes forget is older than a window."""
        self._grants.append(now)


class LocalLimiter:
    """A limiter for one process; whoever asks first is granted first.

    Parameters:
        rates: the limits; a provider without one is granted at once unless it is paused
        clock, now, sleep: the time in seconds, the time of day, and waiting; tests give their own
    """

    def __init__(
        self,
        rates: Iterable[Rate] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._logs = {rate.provider: SlidingLog(rate) for rate in rates}
        self._turns: dict[str, asyncio.Lock] = {}
        self._pauses = Pauses(now)

    async def acquire(self, provider: str) -> None:
        """Wait until one call to the provider is allowed."""
        log = self._logs.get(provider)
        # An asyncio lock serves those who wait for it in the order in which they came.
        async with self._turns.setdefault(provider, asyncio.Lock()):
            while wait_s := max(self._pauses.left_s(provider), log.wait_s(self._clock()) if log else 0.0):
                await self._sleep(min(wait_s, _LONGEST_NAP_S))
            if log is not None:
                log.note(self._clock())

    async def pause(self, provider: str, until: datetime) -> None:
        """Allow no call to the provider before a time."""
        self._pauses.note(provider, until)
