"""Stopping on signals: in two steps (finish, then leave now), or by cancelling the work."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import termios
from collections.abc import Coroutine

from gt_common.errors import ExitCode


class StopSignals:
    """Count SIGINT and SIGTERM: the first asks to finish, the second to leave now.

    SIGHUP, of a terminal that was closed, asks to finish like SIGTERM. It is never the second, because shell
    and system may both send it.

    Create it inside the running event loop.
    """

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self._first = asyncio.Event()
        self._second = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, *hangup()):
            loop.add_signal_handler(number, self._on_signal, number)

    @property
    def exit_code(self) -> int | None:
        """The exit code of a program that the first signal stopped, or None if none has arrived."""
        if self.first is None:
            return None
        return ExitCode.INTERRUPTED if self.first is signal.SIGINT else ExitCode.TERMINATED

    async def wait_first(self) -> None:
        """Wait for the first signal."""
        await self._first.wait()

    async def wait_second(self) -> None:
        """Wait for the second signal."""
        await self._second.wait()

    def _on_signal(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            _leave_terminal()
        if self.first is None:
            self.first = number
            self._first.set()
        elif number is not signal.SIGHUP:
            self._second.set()


def _leave_terminal() -> None:
    """Let output to a terminal that was closed go nowhere; writing to it would end the program."""
    for fd in (1, 2):
        try:
            termios.tcgetattr(fd)
        except termios.error as error:
            if error.args[0] == errno.EIO:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, fd)
                os.close(nowhere)


def hangup() -> tuple[signal.Signals, ...]:
    """Return SIGHUP, unless it is ignored, as under nohup."""
    return () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)


def run_until_stopped(work: Coroutine[None, None, int]) -> int:
    """Run a coroutine and return its exit code; SIGTERM or SIGHUP cancels it, as Ctrl-C does by itself.

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
    signals = (signal.SIGTERM, *hangup())
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not stopped:
            raise
        return ExitCode.TERMINATED
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
