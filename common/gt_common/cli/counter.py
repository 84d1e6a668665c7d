"""How far a long piece of work is, for commands that print nothing else meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Final

from gt_common.cli.listing import say
from gt_common.texts import plural

_LINE_S: Final = 6.0
"""Seconds between two lines where nobody watches a terminal; ten are promised, some steps cannot speak."""
_REDRAW_S: Final = 0.1
_TICK_S: Final = 0.5


class Counter:
    """Shows how far a long list is: in one line of a terminal, elsewhere in a line every few seconds.

    Within `ticking` also while a step takes long that does not count.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._on_terminal = sys.stderr.isatty()
        self._due = clock() + self._pause
        self._text = ""
        self._drawn = False
        self._lock = Lock()

    @property
    def _pause(self) -> float:
        return _REDRAW_S if self._on_terminal else _LINE_S

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Show what is being done now and then during a block, from a thread beside it."""
        ended = Event()

        def tick() -> None:
            while not ended.wait(min(self._pause, _TICK_S)):
                self.tick()

        thread = Thread(target=tick, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.clear()

    def step(self, doing: str, count: int | None = None) -> None:
        """Show what is being done, if known with how many stories, from now on and if it is time to."""
        self._show(doing if count is None else f"{doing} {_count(count, 'story')}")

    def show(self, done: str, count: int, total: int | None = None, unit: str = "story") -> None:
        """Show what was done with how many stories or lines, if it is time to."""
        self._show(
            f"{done} {_count(count, unit) if total is None else f'{count:,} of {_count(total, unit)}'}"
        )

    def _show(self, text: str) -> None:
        self._text = text
        self.tick()

    def tick(self) -> None:
        """Show again what is being done, if it is time to."""
        with self._lock:
            if not self._text or self._clock() < self._due:
                return
            self._due = self._clock() + self._pause
            if not self._on_terminal:
                say(self._text)
                return
            self._drawn = True
            with suppress(OSError):
                print(f"\r{self._text}\x1b[K", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Remove the line from the terminal, before something else is printed; nothing is being done now."""
        # Without the lock: a signal that stops the program may come just when it is being taken.
        self._text = ""
        if self._drawn:
            self._drawn = False
            with suppress(OSError):
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _count(number: int, noun: str) -> str:
    """Format a number of things as `plural` does, with commas."""
    return f"{number:,}{plural(number, noun).removeprefix(str(number))}"
