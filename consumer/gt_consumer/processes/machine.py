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

_OF_A_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
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


def no_room(error: BaseException | None, folder: Path) -> str | None:
    """Return a phrase that names the folder if an error, or a cause of it, says that its disk is full."""
    problem = machine_problem(error, _OF_A_DISK)
    return None if problem is None else f"{problem}: {folder}"


def room_cure(folder: Path) -> str:
    """Return what to do about a full disk of the output folder."""
    return f"make room in {folder}, or set GT_OUTPUT to another folder"


def full_disk(folder: Path) -> str | None:
    """Return a phrase if the disk of a folder is full, else None."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    return f"the disk of {folder} is full" if free < FULL_BYTES else None
