"""The latest grants in a file, so that whoever comes after a killed process, or works beside it, knows them.

The file is a ring of 8-byte times of day. A grant is one write over the oldest, under a lock that no holder
leaves behind; it need not reach the disk.
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from urllib.parse import quote

from gt_common.files import locked, make_state_folder
from gt_common.log import get_logger
from gt_common.rates import Rate
from gt_consumer.limits.sliding_window import SlidingLog

_TIME = array("d").itemsize

_log = get_logger("limits")


class KeptLog:
    """The grants of one provider that all processes with this state folder share.

    Where the file cannot be read or written the process keeps to the limit by itself, and says so.

    Parameters:
        folder: where the files lie

    Raises:
        UsageError: the folder cannot be made
    """

    def __init__(self, rate: Rate, folder: Path) -> None:
        make_state_folder(folder)
        self._rate = rate
        self._path = folder / quote(rate.provider, safe="")
        self._own = SlidingLog(rate)
        self._warned = False

    def take(self, now: float) -> float:
        """Take a grant now; 0, or the seconds until one is possible.

        Parameters:
            now: the time of day in seconds, which all processes share
        """
        try:
            with locked(self._path) as descriptor:
                wait_s = self._take(descriptor, now)
        except OSError as error:
            if not self._warned:
                _log.warning("limits_not_kept", file=str(self._path), problem=error.strerror or str(error))
                self._warned = True
            return self._own.take(now)
        if not wait_s:
            self._own.note(now)
        return wait_s

    def _take(self, descriptor: int, now: float) -> float:
        known = array("d")
        content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        known.frombytes(content[: len(content) // _TIME * _TIME])
        times = [min(at, now) for at in known]
        if times != known.tolist():
            # A clock that was set back leaves times to come: nobody waits for longer than a window for them.
            os.pwrite(descriptor, array("d", times).tobytes(), 0)
        slot = len(times)
        if slot >= self._rate.count:
            until = sorted(times)[-self._rate.count] + self._rate.window_s
            if until > now:
                return until - now
            slot = times.index(min(times))
        os.pwrite(descriptor, array("d", [now]).tobytes(), slot * _TIME)
        return 0.0
