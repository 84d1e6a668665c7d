"""The two steps of stopping: the first signal asks to finish, the second to leave now."""

from __future__ import annotations

import asyncio
import signal


class StopSignals:
    """Counts SIGINT and SIGTERM; make it inside the running loop."""

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self._first = asyncio.Event()
        self._second = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal, number)

    async def wait_first(self) -> None:
        """Wait for the first signal."""
        await self._first.wait()

    async def wait_second(self) -> None:
        """Wait for the second signal."""
        await self._second.wait()

    def _on_signal(self, number: signal.Signals) -> None:
        if self.first is None:
            self.first = number
            self._first.set()
        else:
            self._second.set()
