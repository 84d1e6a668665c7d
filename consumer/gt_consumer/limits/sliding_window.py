"""Sliding windows: the exact times of the latest grants, in memory or in a file that processes share.

A call is granted as soon as every window keeps to the limit: `20/hour` lets twenty stories start at once and
makes the next one wait. A token bucket that starts full allows up to twice the rate where two windows meet;
one that starts empty makes a first burst wait.
"""

from __future__ import annotations

import os
from array import array
from collections import deque
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from gt_common.files import locked, make_state_folder
from gt_common.log import get_logger
from gt_common.rates import Rate

_TIME = array("d").itemsize

_log = get_logger("limits")


class Window(Protocol):
    """The latest grants of one provider."""

    def take(self, now: float) -> float:
        """Take a grant if one is possible now and return 0; else return the seconds until one is.

        Parameters:
            now: seconds of a clock that all who share the window read
        """


class SlidingWindow:
    """The grants of one process: never more than `count` within any `window_s` seconds."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._grants: deque[float] = deque(maxlen=rate.count)

    def take(self, now: float) -> float:
        """Take a grant now; see `Window`."""
        if len(self._grants) == self._rate.count:
            left_s = self._grants[0] + self._rate.window_s - now
            if left_s > 0:
                return left_s
        self.record(now)
        return 0.0

    def record(self, now: float) -> None:
        """Record a grant; the oldest one, which it may push out, is older than a window."""
        self._grants.append(now)


class SharedWindow:
    """The grants of all processes with the same folder, including those that were killed.

    The file is a ring of 8-byte times of day. A grant overwrites the oldest in one write, under a lock that
    ends with its process; it need not reach the disk. If the file cannot be used, the process keeps to the
    limit on its own and logs a warning.

    Parameters:
        folder: holds one file per provider

    Raises:
        UsageError: the folder cannot be created
    """

    def __init__(self, rate: Rate, folder: Path) -> None:
        make_state_folder(folder)
        self._rate = rate
        self._path = folder / quote(rate.provider, safe="")
        self._own = SlidingWindow(rate)
        self._warned = False

    def take(self, now: float) -> float:
        """Take a grant now, by the time of day; see `Window`."""
        try:
            with locked(self._path) as descriptor:
                wait_s = self._take(descriptor, now)
        except OSError as error:
            if not self._warned:
                _log.warning("grant_write_failed", file=str(self._path), error=error.strerror or str(error))
                self._warned = True
            return self._own.take(now)
        if not wait_s:
            self._own.record(now)
        return wait_s

    def _take(self, descriptor: int, now: float) -> float:
        known = array("d")
        content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        known.frombytes(content[: len(content) // _TIME * _TIME])
        times = [min(at, now) for at in known]
        if times != known.tolist():
            # After a clock was set back, times may lie in the future; nobody waits longer than a window.
            os.pwrite(descriptor, array("d", times).tobytes(), 0)
        slot = len(times)
        if slot >= self._rate.count:
            until = sorted(times)[-self._rate.count] + self._rate.window_s
            if until > now:
                return until - now
            slot = times.index(min(times))
        os.pwrite(descriptor, array("d", [now]).tobytes(), slot * _TIME)
        return 0.0
