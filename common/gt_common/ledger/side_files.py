"""The files of a SQLite ledger: the database and, beside it, what SQLite keeps there while it is in use."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path


def wal(path: Path) -> Path:
    """Return the file with the latest commits, which are not in the database file yet."""
    return path.with_name(f"{path.name}-wal")


def shm(path: Path) -> Path:
    """Return the index of the `-wal` file, shared between processes."""
    return path.with_name(f"{path.name}-shm")


def journal(path: Path) -> Path:
    """Return the rollback journal, which only a database that is not in WAL mode has."""
    return path.with_name(f"{path.name}-journal")


def size(path: Path) -> int:
    """Return a file's size in bytes; 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def owner(path: Path) -> str:
    """Return the name of a file's owner, or the number if that has no name."""
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def is_foreign(path: Path) -> bool:
    """Whether side files that this user would create could stop the ledger's owner; root gives them away."""
    return os.geteuid() not in {0, path.stat().st_uid}


def unwritable(path: Path) -> str:
    """Return what keeps this user from writing a ledger, with its owner; empty if nothing does."""
    return next(_unwritable(path), "")


def _unwritable(path: Path) -> Iterator[str]:
    for file in (wal(path), shm(path), path):
        if file.exists() and not os.access(file, os.W_OK):
            kind = "the file" if file == path else "its side file"
            yield (
                f"{kind} {file} belongs to {owner(file)}; make it writable for this user, such as with "
                f"`chown {_own_name()} {file}`, and do not delete it"
            )
    folder = path.absolute().parent
    if folder.exists() and not os.access(folder, os.W_OK):
        yield f"its folder {folder} is not writable for this user; it belongs to {owner(folder)}"


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
