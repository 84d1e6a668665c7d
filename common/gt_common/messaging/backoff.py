"""Waiting between tries: exponential with full jitter, so that a fleet does not come back in step."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass


@dataclass
class Backoff:
    """Delays that double up to a ceiling, each drawn at random from the upper half.

    Parameters:
        first, ceiling: seconds
    """

    first: float = 0.1
    ceiling: float = 5.0
    tries: int = 0

    async def wait(self) -> None:
        """Wait before the next try."""
        longest = min(self.ceiling, self.first * 2 ** min(self.tries, 16))
        self.tries += 1
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter needs no secrecy

    def reset(self) -> None:
        """Begin anew after a success."""
        self.tries = 0


def is_own_cancellation() -> bool:
    """Tell whether a CancelledError is meant for the running task.

    aiormq ends pending calls of a connection whose peer fell silent with a bare CancelledError.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
