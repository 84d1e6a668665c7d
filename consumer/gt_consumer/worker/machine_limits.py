"""What this machine allows a worker, compared with what its slots need; warned of at the start."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path
from typing import Final

from gt_common.log import get_logger

log = get_logger("worker")

LITTLE_BYTES: Final = 2_000_000_000
_OWN_HANDLES = 64
_HANDLES_PER_SLOT = 16


def handles_needed(slots: int) -> int:
    """Return how many file handles a worker with so many slots may need."""
    return _OWN_HANDLES + _HANDLES_PER_SLOT * slots


def too_few_handles(slots: int) -> int | None:
    """Return the limit of file handles (`ulimit -n`) if it is lower than what the slots need, else None."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = limit != resource.RLIM_INFINITY and limit < handles_needed(slots)
    return limit if few else None


def warn_of_limits(slots: int, output: Path) -> None:
    """Log a warning for each limit that will stop stories."""
    limit = too_few_handles(slots)
    if limit is not None:
        hint = f"raise it (ulimit -n, LimitNOFILE=) or lower --prefetch; {slots} slots may need as many"
        log.warning("few_file_handles_detected", limit=limit, needed=handles_needed(slots), hint=hint)
    free = shutil.disk_usage(output).free
    if free < LITTLE_BYTES:
        log.warning("full_disk_expected", folder=str(output.absolute()), free_bytes=free)
