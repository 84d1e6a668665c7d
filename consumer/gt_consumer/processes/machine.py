"""Errors that say that the machine, and not the story, is the problem."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Final

OF_THE_MACHINE: Final = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.ESTALE,
    }
)
"""What a worker's own process meets: file handles, memory, processes, disk."""

OF_ALL_PROCESSES: Final = frozenset({errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""What no single process uses up: an orchestrator that meets it is not to blame. One that runs out of its own
file handles or memory may have a leak, so that counts as a failed attempt."""

FULL_BYTES: Final = 4_000_000


def machine_problem(error: BaseException | None, numbers: frozenset[int] = OF_THE_MACHINE) -> str | None:
    """Return what the machine lacks if an error, or a cause of it, says so; else None."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in numbers:
            return error.strerror or str(error)
        no_thread = isinstance(error, RuntimeError) and "start new thread" in str(error)
        if numbers is OF_THE_MACHINE and (no_thread or isinstance(error, MemoryError)):
            return str(error) or "out of memory"
        error = error.__cause__
    return None


def full_disk(folder: Path) -> str | None:
    """Return a phrase if the disk of a folder is full, else None."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    return f"the disk of {folder} is full" if free < FULL_BYTES else None
