"""The event loop of a child, kept from story to story as long as runs leave nothing behind in it.

Making and closing a loop takes longer than all else that a child does for a story that needs no time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Final, TypeVar

T = TypeVar("T")

_INNER: Final = frozenset(
    {"_ready", "_scheduled", "_default_executor", "_asyncgens", "_selector", "_signal_handlers"}
)
"""Where asyncio's own loop keeps what is left in it; a loop without them is not kept."""


class KeptLoop:
    """Runs coroutines one after the other as `asyncio.run` does, in one loop if possible."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._threads: frozenset[threading.Thread] = frozenset()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run to the end; what is raised is raised. Call `close` next if the loop is not clean then."""
        if self._runner is None:
            self._runner = asyncio.Runner()
            self._threads = frozenset(threading.enumerate())
        loop = self._runner.get_loop()
        # Not by the runner's own `run`: it changes the handler of SIGINT twice, for which Python writes down
        # the whole task each time, and that takes longer than all the rest.
        return loop.run_until_complete(loop.create_task(work, context=copy_context()))

    @property
    def clean(self) -> bool:
        """Whether the next story may have this loop: no task, timer, connection or thread is left."""
        if self._runner is None:
            return True
        loop = self._runner.get_loop()
        inner = vars(loop)
        if loop.is_closed() or not inner.keys() >= _INNER or asyncio.all_tasks(loop):
            return False
        if loop.get_exception_handler() or loop.get_task_factory() or loop.get_debug():
            return False
        if inner["_ready"] or not all(timer.cancelled() for timer in inner["_scheduled"]):
            return False
        if inner["_default_executor"] or len(inner["_asyncgens"]) or inner["_signal_handlers"]:
            return False
        # Besides the loop's own pipe.
        return len(inner["_selector"].get_map()) == 1 and self._threads.issuperset(threading.enumerate())

    def close(self) -> None:
        """End what is left in the loop, as `asyncio.run` does at its end; the next story has another one."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()
