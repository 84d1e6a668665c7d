"""An exact log of the latest grants of one provider.

A grant is given as soon as it keeps to the limit in every window, so `20/hour` may start twenty stories at
once and then makes the next wait. A bucket that is filled at a steady pace allows up to twice the rate at the
edge of two windows if it may be full, and makes a first burst wait if it may not.
"""

from __future__ import annotations

from collections import deque

from gt_common.rates import Rate


class SlidingLog:
    """The latest grants of one provider: never more than `count` within any `window_s` seconds."""

    def __init__(self, rate: Rate) -> None:
        self._window_s = rate.window_s
        self._grants: deque[float] = deque(maxlen=rate.count)

    def wait_s(self, now: float) -> float:
        """Give the seconds until a grant is possible; 0 when it is now."""
        if len(self._grants) < (self._grants.maxlen or 0):
            return 0.0
        return max(0.0, self._grants[0] + self._window_s - now)

    def take(self, now: float) -> float:
        """Take a grant now; 0, or the seconds until one is possible."""
        wait_s = self.wait_s(now)
        if not wait_s:
            self.note(now)
        return wait_s

    def note(self, now: float) -> None:
        """Note a grant; the one that it makes forget is older than a window."""
        self._grants.append(now)
