"""Stopping on SIGINT and SIGTERM: in two steps (finish, then leave now), or by cancelling the work."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine

from gt_common.errors import ExitCode


class StopSignals:
    """Count SIGINT and SIGTERM: the first asks to finish, the second to leave now.

    Create it inside the running event loop.
    """

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self._first = asyncio.Event()
        self._second = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal, number)

    @property
    def exit_code(self) -> int | None:
        """The exit code of a program that the first signal stopped, or None if none has arrived."""
        if self.first is None:
            return None
        return ExitCode.TERMINATED if self.first is signal.SIGTERM else ExitCode.INTERRUPTED

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


def run_until_stopped(work: Coroutine[None, None, int]) -> int:
    """Run a coroutine and return its exit code; SIGTERM cancels it, as Ctrl-C does by itself.

    Returns:
        the exit code of SIGTERM, with everything closed, if that stopped the work

    Raises:
        KeyboardInterrupt: after Ctrl-C
    """
    return asyncio.run(_run_until_stopped(work))


async def _run_until_stopped(work: Coroutine[None, None, int]) -> int:
    task = asyncio.ensure_future(work)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not stopped:
            raise
        return ExitCode.TERMINATED
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
