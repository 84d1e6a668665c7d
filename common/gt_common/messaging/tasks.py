"""Tasks beside other work; the event loop itself keeps only weak references to them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class Tasks:
    """Keeps tasks until they end, or until they are cancelled together."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        """Start a piece of work."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def cancel(self) -> None:
        """Cancel what is under way, without waiting for its end."""
        for task in self._running:
            task.cancel()

    async def aclose(self) -> None:
        """Cancel what is under way, and wait for it; what it raises is dropped."""
        self.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
