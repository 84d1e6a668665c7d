"""The rests of a worker whose machine cannot run stories: bounded, and longer each time until one works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gt_common.log import get_logger

log = get_logger("worker")

FIRST_S = 5.0
LONGEST_S = 300.0


class Rest:
    """Whether a worker rests, and for how long.

    Parameters:
        first, longest: seconds of the first rest, and of the longest
    """

    def __init__(self, first: float | None = None, longest: float = LONGEST_S) -> None:
        self._first = FIRST_S if first is None else first
        self._longest = longest
        self._begun = asyncio.Event()
        self.tries = 0
        self.problem = ""
        self.cure: str | None = None
        self.on_begin: Callable[[float], None] = lambda _seconds: None

    @property
    def active(self) -> bool:
        """Whether the worker rests now: it starts no story."""
        return self._begun.is_set()

    @property
    def seconds(self) -> float:
        """The length of the current rest."""
        return min(self._longest, self._first * 2.0 ** min(self.tries - 1, 16))

    def begin(self, problem: str, cure: str | None = None) -> None:
        """Begin a rest, unless the worker rests already.

        Parameters:
            problem: why the machine cannot run stories
            cure: what to do about it, if that is known
        """
        if self.active:
            return
        self.tries += 1
        self.problem = problem
        self.cure = cure
        self._begun.set()
        log.warning("worker_rested", problem=problem, seconds=self.seconds, tries=self.tries)
        self.on_begin(self.seconds)

    def end(self) -> None:
        """End the rest: the next story shows whether the machine can run stories again."""
        self._begun.clear()

    def recovered(self) -> None:
        """Note that a story ran."""
        if self.tries and not self.active:
            self.tries = 0
            log.info("worker_recovered", problem=self.problem)

    async def wait_begin(self) -> float:
        """Wait until a rest begins and return its length in seconds."""
        await self._begun.wait()
        return self.seconds
