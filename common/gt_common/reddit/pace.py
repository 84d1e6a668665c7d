"""Paces requests to Reddit: 60 per minute, and the waits that its answers ask for."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

MOST = 60
WINDOW = 60.0
# Wait after a refused request if Reddit gives no time: its windows end on the minute.
UNNAMED_WAIT = 60.0

Clock = Callable[[], float]
Pause = Callable[[float], Awaitable[None]]


class Pace:
    """Allows at most `most` requests in any window of time.

    It remembers the times of the last requests: a bucket of 60 tokens that refills by one per second would
    allow 120 requests in its first minute.

    Parameters:
        window: length in seconds
        clock, pause: time in seconds, and sleeping; tests pass their own
    """

    def __init__(
        self,
        most: int = MOST,
        window: float = WINDOW,
        *,
        clock: Clock = time.monotonic,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._pause = pause
        self._passed: deque[float] = deque(maxlen=most)
        self._turn = asyncio.Lock()
        self._closed_until = 0.0

    async def turn(self) -> None:
        """Wait until one more request is allowed."""
        async with self._turn:
            if len(self._passed) == self._most:
                await self.wait(self._passed[0] + self._window - self._clock())
            self._passed.append(self._clock())

    async def wait(self, seconds: float) -> None:
        """Sleep for some seconds; returns at once for zero or less."""
        if seconds > 0:
            await self._pause(seconds)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Note from an answer's `x-ratelimit-…` headers that no request is allowed for a while."""
        remaining = read_seconds(headers.get("x-ratelimit-remaining"))
        reset = read_seconds(headers.get("x-ratelimit-reset"))
        if remaining is not None and reset is not None and remaining < 1:
            self._closed_until = self._clock() + max(1.0, reset)

    def closed_for(self) -> float:
        """Return the seconds for which Reddit accepts no request; 0 if it does."""
        return max(0.0, self._closed_until - self._clock())


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds to wait after a 429, from its headers, or a minute if they do not say."""
    for name in ("retry-after", "x-ratelimit-reset"):
        seconds = read_seconds(headers.get(name))
        if seconds is not None:
            return max(1.0, seconds)
    return UNNAMED_WAIT


def read_seconds(text: str | None) -> float | None:
    """Parse a number in a header; None if it is missing or not a number, such as a date."""
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number <= 86_400 else None
