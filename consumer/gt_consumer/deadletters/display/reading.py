"""Lines about the progress of a command that reads many dead letters before it shows them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from gt_common.texts import plural
from gt_consumer.deadletters.display.printing import remark

_EVERY_S: Final = 5.0


class Reading:
    """Prints a line every five seconds while letters are read.

    Parameters:
        clock: monotonic, in seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_at = clock()

    def __call__(self, read: int, count: int) -> None:
        """Note how many of the letters were read."""
        now = self._clock()
        if now - self._said_at >= _EVERY_S:
            self._said_at = now
            remark(f"read {read} of {plural(count, 'dead letter')}")
