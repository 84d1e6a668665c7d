"""Logs what an orchestrator prints, line by line and at a bounded rate, and keeps its last lines."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable

from gt_common.log import context_logger

MAX_LOGGED = 1000
TAIL_LINES = 40
LINES_PER_SECOND = 100
BURST = 500

# A character has at most four bytes in UTF-8.
_CUT = MAX_LOGGED * 4

# Colours and cursor movements are for the terminal that the program does not have.
_UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class OutputLog:
    """Logs the lines that one program prints, with the story that it works on.

    The rate is limited: after a burst of 500 lines, 100 a second are logged and the others counted.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = context_logger("orchestrator")
        self._clock = clock
        self._errors: deque[bytes] = deque(maxlen=TAIL_LINES)
        self._lines: deque[bytes] = deque(maxlen=TAIL_LINES)
        self._allowance = float(BURST)
        self._refilled = clock()
        self._dropped = 0

    def begin(self) -> None:
        """Log the next lines with the story that is bound now; forget the last lines of the one before."""
        self._log = context_logger("orchestrator")
        self._errors.clear()
        self._lines.clear()

    def stdout(self, line: bytes) -> None:
        """Take a line of standard output."""
        self._write("stdout", line)

    def stderr(self, line: bytes) -> None:
        """Take a line of standard error."""
        self._errors.append(line[:_CUT])
        self._write("stderr", line)

    def tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last lines of standard error."""
        return "\n".join(_text(line) for line in list(self._errors)[-lines:])

    def last_lines(self) -> str:
        """Return the last lines of both streams, in the order in which they arrived."""
        return "\n".join(_text(line) for line in self._lines)

    def close(self) -> None:
        """Log how many lines were dropped since the last count, if any were."""
        if self._dropped:
            self._log.warning("output_lines_dropped", count=self._dropped)
            self._dropped = 0

    def _write(self, stream: str, line: bytes) -> None:
        self._lines.append(line[:_CUT])
        if self._allowance < 1 and not self._refill():
            self._dropped += 1
            return
        self._allowance -= 1
        self.close()
        self._log.info("output_line_printed", line=_text(line), stream=stream)

    def _refill(self) -> bool:
        now = self._clock()
        self._allowance = min(BURST, self._allowance + (now - self._refilled) * LINES_PER_SECOND)
        self._refilled = now
        # Wait for half a second's worth, so that not every logged line is followed by a count.
        return self._allowance >= LINES_PER_SECOND / 2


def _text(line: bytes) -> str:
    text = line[:_CUT].decode("utf-8", "replace")
    text = _UNPRINTABLE.sub("", text).rstrip()
    return text if len(text) <= MAX_LOGGED else text[:MAX_LOGGED] + "…"
