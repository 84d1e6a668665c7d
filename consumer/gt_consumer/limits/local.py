"""The limits of one machine: of one process or, with a folder, of all processes that share it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path

from gt_common.messages import utc_now
from gt_common.rates import Rate
from gt_common.settings import Settings
from gt_consumer.limits.pauses import Pauses
from gt_consumer.limits.sliding_window import SharedWindow, SlidingWindow, Window

Sleep = Callable[[float], Awaitable[None]]

_LONGEST_NAP_S = 3600.0
"""The clock is read again after this long, in case it was set or the machine slept."""


def open_local_limiter(settings: Settings) -> LocalLimiter:
    """Return the limiter for GT_RATE_LIMITS, shared by all processes with the same GT_STATE_DIR.

    Raises:
        UsageError: its folder cannot be created
    """
    return LocalLimiter(settings.rate_limits, folder=settings.state_dir / "limits")


class LocalLimiter:
    """A limiter that needs no broker; within one process, first come, first served.

    Parameters:
        rates: the limits; calls to a provider without one are allowed at once unless it is paused
        folder: keeps the grants for other processes, now and later; without it they are this process's own
        clock, now, sleep: the time in seconds, the time of day, and how to wait; tests pass their own

    Raises:
        UsageError: the folder cannot be created
    """

    def __init__(
        self,
        rates: Iterable[Rate] = (),
        *,
        folder: Path | None = None,
        clock: Callable[[], float] | None = None,
        now: Callable[[], datetime] = utc_now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock = clock or (time.time if folder else time.monotonic)
        self._sleep = sleep
        self._windows: dict[str, Window] = {
            rate.provider: SharedWindow(rate, folder) if folder else SlidingWindow(rate) for rate in rates
        }
        self._locks: dict[str, asyncio.Lock] = {}
        self._pauses = Pauses(now)

    async def acquire(self, provider: str) -> None:
        """Wait until one call to the provider is allowed."""
        window = self._windows.get(provider)
        # An asyncio lock is fair: it wakes its waiters in the order in which they came.
        async with self._locks.setdefault(provider, asyncio.Lock()):
            while wait_s := self._wait_s(provider, window):
                await self._sleep(min(wait_s, _LONGEST_NAP_S))

    def _wait_s(self, provider: str, window: Window | None) -> float:
        """Take a grant and return 0, or return the seconds to wait for one."""
        return self._pauses.left_s(provider) or (window.take(self._clock()) if window else 0.0)

    async def pause(self, provider: str, until: datetime) -> None:
        """Allow no calls to the provider before this time."""
        self._pauses.add(provider, until)
