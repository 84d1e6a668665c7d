"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gt_common.errors import OutputError, UsageError


def put_in_place(path: Path, draft: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, finds the old one or the whole new one.

    Parameters:
        draft: a name in the same folder that nobody else uses; gone afterwards, however it ends

    Raises:
        OSError: it cannot be written
    """
    try:
        with draft.open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names of new files durable too.

    Raises:
        OSError: the file system cannot do it; some network file systems cannot
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, text: str) -> Path:
    """Write a text for the user durably and whole, making its folder when needed; give the path.

    Raises:
        OutputError: it cannot be written
    """
    content = text.encode()
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put_in_place(path, draft, content)
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"the file cannot be written to {path}: {error.strerror}") from None
    return path


def make_state_folder(folder: Path) -> None:
    """Make a folder within GT_STATE_DIR.

    Raises:
        UsageError: a file is in the way, its name is too long, or it cannot be made for another reason
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{folder} cannot be a folder: a file is in the way; set GT_STATE_DIR") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}; set GT_STATE_DIR") from None


@contextmanager
def locked(path: Path, *, wait: bool = True, append: bool = False) -> Iterator[int]:
    """Lock a file for this process alone and yield its descriptor; the content may be kept in it.

    The file is created if it is missing and removed afterwards if it is empty. The lock ends with the block
    or with the process, however that dies.

    Parameters:
        wait: wait for the process that holds the lock instead of raising
        append: every write goes to the end of the file

    Raises:
        BlockingIOError: another process holds the lock, and `wait` is False
        OSError: the file cannot be opened, or its file system has no locks
    """
    descriptor = _open_locked(path, wait=wait, append=append)
    try:
        yield descriptor
    finally:
        try:
            if not os.fstat(descriptor).st_size:
                path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _open_locked(path: Path, *, wait: bool, append: bool) -> int:
    flags = os.O_RDWR | os.O_CREAT | (os.O_APPEND if append else 0)
    while True:
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            # The last holder may have removed the file after it was opened here and before it was locked.
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
