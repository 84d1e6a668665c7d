"""Decides when the next dead letter may be replayed: a maximum rate, and a canary's growing steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from gt_common.messages import StoryMessage
from gt_common.rates import Rate
from gt_consumer.deadletters.canary import Canary

WAIT_HOLDING_S = 5.0
"""During longer waits the other letters are released to the queue."""
HOLD_S = 60.0
"""Letters are never held for longer because of a wait: the broker closes a channel after its ack timeout."""
HOLD_MOST_S = 600.0
"""Nor longer than this because there are many; then they are released and read again."""


class Gate:
    """Lets letters pass one at a time.

    Parameters:
        rate: maximum rate; letters are spread evenly
        canary: waits for the outcome of each step
        clock: monotonic clock in seconds
    """

    def __init__(
        self,
        rate: Rate | None = None,
        canary: Canary | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = rate.per_s / rate.count if rate else 0.0
        self._canary = canary
        self._clock = clock
        self._next = self._held_since = clock()

    @property
    def paced(self) -> bool:
        """Whether letters must pass one after the other."""
        return self._canary is not None or self._interval > 0

    def holding(self) -> None:
        """Record that the letters are held from now on."""
        self._held_since = self._clock()

    async def open(self) -> bool:
        """Wait until the next letter may pass; return False if that takes too long to hold the others."""
        if self._canary is not None and self._canary.full:
            return False
        if self._clock() - self._held_since > HOLD_MOST_S:
            return False
        delay = self._delay()
        if delay and (delay > WAIT_HOLDING_S or self._clock() + delay - self._held_since > HOLD_S):
            return False
        await asyncio.sleep(delay)
        return True

    def passed(self, letter: StoryMessage, generation: int) -> None:
        """Record that a letter was replayed as this generation."""
        self._next = max(self._next, self._clock()) + self._interval
        if self._canary is not None:
            self._canary.sent(letter, generation)

    async def wait(self) -> None:
        """Wait until the gate may open; no letter is held meanwhile.

        Raises:
            StoppedByRuleError: a story of the canary's step failed again, or none succeeded
        """
        if self._canary is not None and self._canary.full:
            await self._canary.wait()
        await asyncio.sleep(self._delay())

    async def finish(self) -> None:
        """Wait for the outcomes of the last step; for errors see `wait`."""
        if self._canary is not None:
            await self._canary.wait()

    def _delay(self) -> float:
        return max(0.0, self._next - self._clock())
