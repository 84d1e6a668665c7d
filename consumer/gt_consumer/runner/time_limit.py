"""The time that one run may take, without what it spends waiting for a rate limit."""

from __future__ import annotations

import asyncio


class TimeLimit:
    """The time that a run may take; it stands still while the run waits for its turn at a provider.

    Parameters:
        seconds: what is left of the time limit
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = max(0.0, seconds)
        self._holds = 0
        self._since = self._loop.time()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._timer = self._loop.call_later(self._left, self._end)

    def hold(self) -> None:
        """Stop the clock until as many `go_on` came."""
        self._holds += 1
        if self._holds == 1:
            self._timer.cancel()
            self._left = max(0.0, self._left - (self._loop.time() - self._since))

    def go_on(self) -> None:
        """Let the clock run again when nobody else holds it."""
        self._holds -= 1
        if not self._holds and not self.over.done():
            self._since = self._loop.time()
            self._timer = self._loop.call_later(self._left, self._end)

    def close(self) -> None:
        """End it without being over."""
        self._timer.cancel()
        self.over.cancel()

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)
