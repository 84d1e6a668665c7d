"""Synchronises folders for several threads: those that come while one is at it share the next time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Lock


@dataclass
class _Folder:
    """The synchronisations of one folder, numbered from 1.

    Parameters:
        waiting: threads that are at it or wait for it
        begun, ended: the last one that has begun, and that has ended
    """

    changed: Condition = field(default_factory=Condition)
    waiting: int = 0
    begun: int = 0
    ended: int = 0


class SharedSync:
    """Calls a function for a folder as often as needed, and once at a time.

    Parameters:
        sync: makes the names in a folder durable; does not raise
    """

    def __init__(self, sync: Callable[[Path], None]) -> None:
        self._sync = sync
        self._lock = Lock()
        self._folders: dict[Path, _Folder] = {}

    def __call__(self, path: Path) -> None:
        """Return when a synchronisation of the folder that began after this call has ended."""
        with self._lock:
            folder = self._folders.setdefault(path, _Folder())
            folder.waiting += 1
        try:
            self._wait(path, folder)
        finally:
            with self._lock:
                folder.waiting -= 1
                if not folder.waiting:
                    del self._folders[path]

    def _wait(self, path: Path, folder: _Folder) -> None:
        with folder.changed:
            # One that is under way may have read the folder already.
            needed = folder.begun + 1
            while folder.ended < needed and folder.begun != folder.ended:
                folder.changed.wait()
            if folder.ended >= needed:
                return
            folder.begun += 1
            number = folder.begun
        try:
            self._sync(path)
        finally:
            with folder.changed:
                folder.ended = number
                folder.changed.notify_all()
