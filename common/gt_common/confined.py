"""Opens files below given folders only: no link leads out of them, not even one that is made meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
# Without O_NONBLOCK, opening a named pipe would wait for its writer.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


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
