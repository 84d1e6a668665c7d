"""What an orchestrator prints: line by line into the log, at a bounded rate, and its last lines kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from gt_common.log import get_logger

MAX_LOGGED = 1000
TAIL_LINES = 40
LINES_PER_SECOND = 100
BURST = 500


class OutputLog:
    """Logs the printed lines of one program with the story that it works on.

    A flood is thinned out: after a burst of 500 lines, 100 a second are logged and the others counted.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = get_logger("orchestrator")
        self._clock = clock
        self._story: dict[str, str] = {}
        self._errors: deque[str] = deque(maxlen=TAIL_LINES)
        self._allowance = float(BURST)
        self._refilled = clock()
        self._left_out = 0

    def begin(self, batch_id: str, story_id: str) -> None:
        """Set the story of the lines to come, and forget the last lines of the story before."""
        self._story = {"batch_id": batch_id, "story_id": story_id}
        self._errors.clear()

    def stdout(self, line: bytes) -> None:
        """Take a line of standard output."""
        self._write("stdout", _text(line))

    def stderr(self, line: bytes) -> None:
        """Take a line of standard error."""
        text = _text(line)
        self._errors.append(text)
        self._write("stderr", text)

    def tail(self, lines: int = TAIL_LINES) -> str:
        """Give the last lines of standard error."""
        return "\n".join(list(self._errors)[-lines:])

    def close(self) -> None:
        """Say how many lines were left out, if any were since it was last said."""
        if self._left_out:
            self._log.warning(f"{self._left_out} lines of output left out", **self._story)
            self._left_out = 0

    def _write(self, stream: str, text: str) -> None:
        now = self._clock()
        self._allowance = min(BURST, self._allowance + (now - self._refilled) * LINES_PER_SECOND)
        self._refilled = now
        if self._allowance < 1:
            self._left_out += 1
            return
        self._allowance -= 1
        self.close()
        self._log.info(text, stream=stream, **self._story)


def _text(line: bytes) -> str:
    text = line[: MAX_LOGGED * 4].decode("utf-8", "replace").rstrip()
    return text if len(text) <= MAX_LOGGED else text[:MAX_LOGGED] + "…"
