"""How fast Reddit may be asked: its 60 requests a minute, and the waits that its answers ask for."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

MOST = 60
WINDOW = 60.0
# What a refused request waits for when Reddit names no time: its windows end on the minute.
UNNAMED_WAIT = 60.0

Clock = Callable[[], float]
Pause = Callable[[float], Awaitable[None]]


class Pace:
    """Lets requests pass, at most `most` of them in any window of time.

    The last requests are remembered by their times: a bucket of 60 tokens that refills by one a second would
    let 120 pass within its first minute.

    Parameters:
        window: seconds
        clock, pause: the time in seconds, and waiting; tests give their own
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
        """Wait until one more request may pass."""
        async with self._turn:
            if len(self._passed) == self._most:
                await self.wait(self._passed[0] + self._window - self._clock())
            self._passed.append(self._clock())

    async def wait(self, seconds: float) -> None:
        """Wait some seconds; none, or fewer, is at once."""
        if seconds > 0:
            await self._pause(seconds)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Take from an answer's `x-ratelimit-…` headers that nothing may be asked for a while."""
        remaining = read_seconds(headers.get("x-ratelimit-remaining"))
        reset = read_seconds(headers.get("x-ratelimit-reset"))
        if remaining is not None and reset is not None and remaining < 1:
            self._closed_until = self._clock() + max(1.0, reset)

    def closed_for(self) -> float:
        """Give the seconds for which Reddit takes no request of ours; 0 when it does."""
        return max(0.0, self._closed_until - self._clock())


def retry_after(headers: Mapping[str, str]) -> float:
    """Give the seconds to wait after a 429, as its headers say, or a minute when they say nothing."""
    for name in ("retry-after", "x-ratelimit-reset"):
        seconds = read_seconds(headers.get(name))
        if seconds is not None:
            return max(1.0, seconds)
    return UNNAMED_WAIT


def read_seconds(text: str | None) -> float | None:
    """Read a header's number; None when it is missing or no sensible number, such as a date."""
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number <= 86_400 else None
