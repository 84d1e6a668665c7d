"""The time that one run may take, not counting the time it waits for a rate limit."""

from __future__ import annotations

import asyncio


class TimeLimit:
    """A clock that stops while the run waits for a permit of a provider.

    Parameters:
        seconds: the rest of the time limit
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = max(0.0, seconds)
        self._pauses = 0
        self._since = self._loop.time()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._timer = self._loop.call_later(self._left, self._end)

    def pause(self) -> None:
        """Stop the clock; several pauses may overlap."""
        self._pauses += 1
        if self._pauses == 1:
            self._timer.cancel()
            self._left = max(0.0, self._left - (self._loop.time() - self._since))

    def resume(self) -> None:
        """End one pause; the clock runs again when it was the last."""
        self._pauses -= 1
        if not self._pauses and not self.over.done():
            self._since = self._loop.time()
            self._timer = self._loop.call_later(self._left, self._end)

    def close(self) -> None:
        """Stop the clock for good."""
        self._timer.cancel()
        self.over.cancel()

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)
