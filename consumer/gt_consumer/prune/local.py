"""The files of batches on this machine: how many there are, their locks, their removal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from gt_common.batches import batch_journal, batch_lock
from gt_common.files import is_locked, locked
from gt_consumer.storage import batch_files
from gt_consumer.storage.batch_files import Entry


@dataclass
class Files:
    """What some files take.

    Parameters:
        videos: how many of them are finished videos
        size: bytes
    """

    number: int = 0
    videos: int = 0
    size: int = 0

    def add(self, other: Files) -> None:
        """Add other files."""
        self.number += other.number
        self.videos += other.videos
        self.size += other.size

    def count(self, entry: Entry) -> None:
        """Add one entry; a folder takes nothing."""
        if not entry.is_folder:
            self.number += 1
            self.videos += entry.is_video
            self.size += entry.size


class BusyError(Exception):
    """A process of this machine works on the batch; the text says which."""


@dataclass(frozen=True)
class Local:
    """Where this machine keeps the files of batches.

    Parameters:
        output: folder of finished videos, absolute
        videos: whether finished videos go, too
    """

    state_dir: Path
    output: Path
    videos: bool = False

    def batches(self) -> set[str]:
        """Return the ids of batches that may have files here."""
        return batch_files.local_batches(self.state_dir, self.output)

    def why_busy(self, batch_id: str, before: datetime) -> str:
        """Return what a process of this machine does with a batch, or did after a time; empty if nothing."""
        return self._used_since(batch_id, before) or self._user(batch_id)

    def _used_since(self, batch_id: str, before: datetime) -> str:
        """Return what was done with a batch after a time: the ledger may not have it yet."""
        written = _changed_at(batch_journal(self.state_dir, batch_id))
        recent = written is not None and written >= before
        return f"gt-produce published stories of it on {written:%Y-%m-%d}" if recent else ""

    def _user(self, batch_id: str) -> str:
        if is_locked(batch_lock(self.state_dir, batch_id)):
            return "a gt-batch is running it"
        if is_locked(batch_journal(self.state_dir, batch_id)):
            return "a gt-produce is publishing it"
        return ""

    @contextmanager
    def held(self, batch_id: str, before: datetime | None = None) -> Iterator[None]:
        """Keep other processes of this machine from the batch during a block.

        Parameters:
            before: time since which none of them may have published stories of it; None if that is the same

        Raises:
            BusyError: one of them works on it
            OSError: a lock cannot be opened
        """
        if before is not None and (why := self._used_since(batch_id, before)):
            raise BusyError(why)
        with ExitStack() as stack:
            for path in (batch_lock(self.state_dir, batch_id), batch_journal(self.state_dir, batch_id)):
                if path.parent.is_dir():
                    try:
                        stack.enter_context(locked(path, wait=False, append=True))
                    except BlockingIOError:
                        raise BusyError(self._user(batch_id) or "another process works on it") from None
            yield

    def count(self, batch_id: str) -> Files:
        """Return what the files of a batch take."""
        files = Files()
        for output in self._outputs(batch_id):
            for entry in self._entries(output, batch_id, videos=self.videos):
                files.count(entry)
        for entry in batch_files.state_files(self.state_dir, batch_id):
            files.count(entry)
        return files

    def remove(self, batch_id: str, videos_removed: Callable[[], None], removed: Files) -> None:
        """Remove the files of a batch, which is held.

        Parameters:
            videos_removed: called when the videos are gone, before the folder is
            removed: gets what was removed

        Raises:
            OSError: a file cannot be removed
        """
        outputs = self._outputs(batch_id)
        if self.videos and any(batch_files.has_folder(output, batch_id) for output in outputs):
            for output in outputs:
                _remove(batch_files.video_files(output, batch_id), removed)
            videos_removed()
        for output in outputs:
            _remove(self._entries(output, batch_id, videos=False), removed)
        # Last, because it says where gt-batch put its videos.
        _remove(batch_files.state_files(self.state_dir, batch_id), removed)

    def count_caches(self, before: datetime) -> Files:
        """Return what the old answers of Reddit take."""
        files = Files()
        for entry in batch_files.cache_files(self.state_dir, before):
            files.count(entry)
        return files

    def remove_caches(self, before: datetime, removed: Files) -> None:
        """Remove the old answers of Reddit.

        Parameters:
            removed: gets what was removed

        Raises:
            OSError: a file cannot be removed
        """
        _remove(batch_files.cache_files(self.state_dir, before), removed)

    def _entries(self, output: Path, batch_id: str, *, videos: bool) -> Iterator[Entry]:
        return chain(
            batch_files.video_files(output, batch_id) if videos else (),
            batch_files.project_files(output, batch_id),
            batch_files.log_files(output, batch_id),
        )

    def _outputs(self, batch_id: str) -> list[Path]:
        """Return the folder of finished videos, and the one that gt-batch used if it is another."""
        try:
            kept = json.loads(batch_lock(self.state_dir, batch_id).read_bytes())
        except (OSError, ValueError, RecursionError):
            kept = None
        named = kept.get("output") if isinstance(kept, dict) else None
        other = Path(named) if isinstance(named, str) and Path(named).is_absolute() else self.output
        return list(dict.fromkeys((self.output, other)))


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _remove(entries: Iterator[Entry], removed: Files) -> None:
    for entry in entries:
        if entry.remove():
            removed.count(entry)
