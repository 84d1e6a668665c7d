"""SIGTERM for asynchronous work: it is cancelled in good order, as Ctrl-C does by itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine

from gt_common.errors import ExitCode


def run_until_stopped(work: Coroutine[None, None, int]) -> int:
    """Run work to its end; after SIGTERM give that signal's exit code, with everything closed.

    Raises:
        KeyboardInterrupt: after Ctrl-C
    """
    return asyncio.run(_run(work))


async def _run(work: Coroutine[None, None, int]) -> int:
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
