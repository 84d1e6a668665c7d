"""Searches with a user's regular expression, which may take hours on one line, within a bound."""

from __future__ import annotations

import re
import signal
import threading
from types import FrameType


class SearchTooSlowError(Exception):
    """A search took longer than it may."""


def search(pattern: re.Pattern[str], text: str, limit_s: float) -> re.Match[str] | None:
    """Return the first match in a text, as `pattern.search` does.

    `re` runs pending signal handlers while it searches, so a timer can end it. Handlers belong to the main
    thread, in which the commands run; in another thread of a program with a BatchProcessor there is no bound.

    Parameters:
        limit_s: most seconds of processor time, which a busy machine does not shorten

    Raises:
        SearchTooSlowError: the search took longer
    """
    if threading.current_thread() is not threading.main_thread():
        return pattern.search(text)
    before = signal.signal(signal.SIGVTALRM, _give_up)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
        try:
            return pattern.search(text)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    finally:
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL if before is None else before)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise SearchTooSlowError
