"""Waiting between tries: exponential with jitter, so that the programs of a fleet do not retry in step."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass


@dataclass
class Backoff:
    """Delays that double up to a ceiling, each drawn at random from the upper half of its range.

    Parameters:
        first, ceiling: first and longest delay in seconds
        tries: how often it has waited since the last success
        stop: ends a wait early; None if nothing does
    """

    first: float = 0.1
    ceiling: float = 5.0
    tries: int = 0
    stop: asyncio.Event | None = None

    async def wait(self) -> bool:
        """Wait before the next try; return False if `stop` is set, so that there should be none."""
        longest = min(self.ceiling, self.first * 2 ** min(self.tries, 16))
        self.tries += 1
        seconds = longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter needs no secrecy
        if self.stop is None:
            await asyncio.sleep(seconds)
            return True
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            return True
        return False

    def reset(self) -> None:
        """Start again from the first delay, after a success."""
        self.tries = 0


def cancellations() -> int:
    """Return how many cancellations of the running task were asked for; 0 outside of a task."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def is_own_cancellation() -> bool:
    """Whether a CancelledError is meant for the running task.

    aiormq ends pending calls of a connection whose peer stopped answering with a bare CancelledError.
    """
    return cancellations() > 0
