"""The limits of one machine, shared by all children of a process and, with a folder, by all processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gt_common.messages import utc_now
from gt_common.rates import Rate
from gt_common.settings import Settings
from gt_consumer.limits.grant_file import KeptLog
from gt_consumer.limits.pauses import Pauses
from gt_consumer.limits.sliding_window import SlidingLog

Sleep = Callable[[float], Awaitable[None]]

_LONGEST_NAP_S = 3600.0
"""A clock that is set, or a machine that slept, is noticed after this long."""


class GrantLog(Protocol):
    """The latest grants of one provider."""

    def take(self, now: float) -> float:
        """Take a grant now; 0, or the seconds until one is possible."""


def open_local_limiter(settings: Settings) -> LocalLimiter:
    """Give the limiter of GT_RATE_LIMITS that all processes with the same GT_STATE_DIR share.

    Raises:
        UsageError: its folder cannot be made
    """
    return LocalLimiter(settings.rate_limits, folder=settings.state_dir / "limits")


class LocalLimiter:
    """A limiter without a broker; of one process, whoever asks first is granted first.

    Parameters:
        rates: the limits; a provider without one is granted at once unless it is paused
        folder: where grants are kept for processes beside this one and after it
        clock, now, sleep: the time in seconds, the time of day, and waiting; tests give their own

    Raises:
        UsageError: the folder cannot be made
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
        self._logs: dict[str, GrantLog] = {
            rate.provider: KeptLog(rate, folder) if folder else SlidingLog(rate) for rate in rates
        }
        self._turns: dict[str, asyncio.Lock] = {}
        self._pauses = Pauses(now)

    async def acquire(self, provider: str) -> None:
        """Wait until one call to the provider is allowed."""
        log = self._logs.get(provider)
        # An asyncio lock serves those who wait for it in the order in which they came.
        async with self._turns.setdefault(provider, asyncio.Lock()):
            while wait_s := self._take(provider, log):
                await self._sleep(min(wait_s, _LONGEST_NAP_S))

    def _take(self, provider: str, log: GrantLog | None) -> float:
        return self._pauses.left_s(provider) or (log.take(self._clock()) if log else 0.0)

    async def pause(self, provider: str, until: datetime) -> None:
        """Allow no call to the provider before a time."""
        self._pauses.note(provider, until)
