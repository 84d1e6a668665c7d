"""Files that are complete or absent, whatever happens meanwhile; locks; files opened below a folder only."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gt_common.errors import GossipToonError, OutputError, UsageError

_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
# Without O_NONBLOCK, opening a named pipe would wait for its writer.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def write_atomically(
    path: Path,
    content: str | bytes,
    *,
    draft: Path | None = None,
    error: type[GossipToonError] | None = OutputError,
    private: bool = False,
    new: bool = False,
    before: Callable[[], None] = lambda: None,
    sync: Callable[[Path], None] | None = None,
) -> Path:
    """Write a file durably, so that a reader, or a crash, finds the old one or the whole new one.

    Parameters:
        path: the file; its folder is made if it is missing
        draft: an unused name on the same file system for the unfinished file; by default a random one
        error: raised when the file cannot be written; None to let the OSError through
        private: a new file is for its owner only; one that is replaced keeps its mode
        new: there is no file to replace
        before: called when the draft is durable, before it is moved to its place
        sync: called at the end with the folder; by default `sync_folder_if_possible`

    Returns:
        the path
    """
    data = content.encode() if isinstance(content, str) else content
    draft = draft or path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        _write_draft(draft, data, path, private=private, new=new)
        try:
            before()
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    except OSError as problem:
        if error is None:
            raise
        raise error(f"the file cannot be written to {path}: {problem.strerror}") from None
    (sync or sync_folder_if_possible)(path.parent)
    return path


def write_text_atomically(path: Path, write: Callable[[TextIO], None]) -> Path:
    """Write a text as `write_atomically` does, but piece by piece.

    Parameters:
        write: gets the file, in UTF-8

    Raises:
        OutputError: the file cannot be written
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(_create(str(draft), private=False), "w", encoding="utf-8", newline="") as out:
                with contextlib.suppress(FileNotFoundError):
                    os.fchmod(out.fileno(), stat.S_IMODE(path.stat().st_mode))
                write(out)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as problem:
        raise OutputError(f"the file cannot be written to {path}: {problem.strerror}") from None
    sync_folder_if_possible(path.parent)
    return path


def _write_draft(draft: Path, data: bytes, path: Path, *, private: bool, new: bool) -> None:
    """Write an unfinished file durably, with the mode of the file that it will replace."""
    try:
        descriptor = _create(str(draft), private=private)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _create(str(draft), private=private)
    try:
        if not new:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(descriptor, stat.S_IMODE(path.stat().st_mode))
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _create(path: str, *, private: bool) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if private else 0o666)


def private_opener(path: str, flags: int) -> int:
    """Open a file for `open`; if that creates it, it is for its owner only."""
    return os.open(path, flags, 0o600)


def make_private_folder(folder: Path) -> None:
    """Create a folder, and what is missing above it, for its owner only; one that exists keeps its mode.

    Raises:
        OSError: it cannot be created
    """
    missing = [folder, *folder.parents]
    missing = missing[: next((n for n, part in enumerate(missing) if part.is_dir()), len(missing))]
    for part in reversed(missing):
        part.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names of new files durable too.

    Raises:
        OSError: the file system does not support it; some network file systems do not
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder_if_possible(folder: Path) -> None:
    """Make the names of new files durable where the file system supports it; the files themselves are."""
    with contextlib.suppress(OSError):
        sync_folder(folder)


def make_state_folder(folder: Path) -> None:
    """Create a folder within GT_STATE_DIR, for its owner only.

    Raises:
        UsageError: a file is in the way, its name is too long, or it cannot be made for another reason
    """
    try:
        make_private_folder(folder)
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


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file; asking holds it shared for a moment."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


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


def open_anywhere(path: Path) -> int:
    """Open a file for reading and return its descriptor.

    Raises:
        OSError: it cannot be opened
    """
    return os.open(path, _FILE)


def open_below(path: Path, folders: Iterable[Path]) -> int | None:
    """Open a file for reading if it lies below one of the folders, after all links are resolved.

    Returns:
        its descriptor, or None if the file is not below any of them

    Raises:
        OSError: it cannot be opened, or a part of its path became a link meanwhile
    """
    try:
        real = path.resolve()
        roots = [folder.resolve() for folder in folders]
    except RuntimeError as error:  # a loop of links, before Python 3.13
        raise OSError(f"links in a circle: {error}") from None
    for root in roots:
        if real != root and real.is_relative_to(root):
            return _open_in(root, real.relative_to(root).parts)
    return None


def _open_in(root: Path, parts: tuple[str, ...]) -> int:
    """Open a file step by step, following no link: the path was resolved before."""
    folder = os.open(root, _FOLDER)
    try:
        for name in parts[:-1]:
            inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], _FILE | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)
