"""Journal of a batch: the stories that are listed, and those the broker has confirmed.

One JSON object per line, only ever appended. A producer that is killed and started again publishes just the
rest. A torn or unreadable line costs at most the confirm of that story, which is then published twice and
counted once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Self

from gt_common.errors import PublishedOnlyInPartError, UsageError
from gt_common.files import locked, make_state_folder, sync_folder
from gt_producer.produce.journal_state import Header, JournalState, fold_lines, journal_path

SYNC_EVERY = 20
"""Confirms between two fsyncs; those in between survive a kill, but not a power failure."""


class Journal:
    """A batch's journal, locked for one producer: `with Journal.open(folder, batch_id) as journal:`."""

    def __init__(self, path: Path, descriptor: int, state: JournalState, lock: ExitStack) -> None:
        self.path = path
        self.state = state
        self._descriptor = descriptor
        self._lock = lock
        self._unsynced = 0

    @classmethod
    def open(cls, folder: Path, batch_id: str) -> Journal:
        """Lock and read a batch's journal; it is created if it is missing.

        Raises:
            UsageError: another producer is publishing this batch, or the path is not a journal's
            OSError: the file cannot be opened or read
        """
        make_state_folder(folder)
        path = journal_path(folder, batch_id)
        with ExitStack() as lock:
            descriptor = _lock(lock, path, batch_id)
            state = _read_whole_lines(path, descriptor)
            return cls(path, descriptor, state, lock.pop_all())

    def begin(self, header: Header) -> None:
        """Write the first line, unless there is one.

        Raises:
            OSError: it cannot be written; nothing has been published yet
        """
        if self.state.header is None:
            self._append({"journal": 1, **asdict(header)})
            self.sync()
            sync_folder(self.path.parent)

    def list_stories(self, entries: Sequence[tuple[str, int]]) -> None:
        """Record the positions of stories, before any of them is published.

        Raises:
            OSError: they cannot be written; none of these stories has been published yet
        """
        if entries:
            self._append({"listed": entries})
            self.sync()

    def confirm(self, story_id: str, position: int) -> None:
        """Record that the broker has confirmed a story.
        Raises:
            PublishedOnlyInPartError: it cannot be written
        """
        with self._after_publishing():
            self._append({"story_id": story_id, "position": position})
            self._unsynced += 1
            if self._unsynced >= SYNC_EVERY:
                self.sync()

    def seal(self) -> None:
        """Record that the batch is published completely.
        Raises:
            PublishedOnlyInPartError: it cannot be written
        """
        with self._after_publishing():
            self._append({"sealed": True})
            self.sync()

    def sync(self) -> None:
        """Flush everything written so far to the disk."""
        os.fsync(self._descriptor)
        self._unsynced = 0

    def close(self) -> None:
        """Sync and unlock; a journal without a header is removed.

        Raises:
            PublishedOnlyInPartError: the last confirms cannot be written
        """
        with self._lock:
            if self.state.header is None:
                os.ftruncate(self._descriptor, 0)
            elif self._unsynced:
                with self._after_publishing():
                    self.sync()

    @contextmanager
    def _after_publishing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PublishedOnlyInPartError(
                f"cannot write the journal {self.path}: {error.strerror or error}; "
                "fix that, then continue the same batch"
            ) from error

    def _append(self, record: Mapping[str, object]) -> None:
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        rest = f"{line}\n".encode()
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self.state.take(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def _lock(lock: ExitStack, path: Path, batch_id: str) -> int:
    try:
        return lock.enter_context(locked(path, wait=False, append=True))
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, but the batch's journal belongs there; move it away") from None
    except BlockingIOError:
        raise UsageError(
            f"batch {batch_id} is already being published by another gt-produce; wait for it"
        ) from None


def _read_whole_lines(path: Path, descriptor: int) -> JournalState:
    """Read the journal and truncate an incomplete last line.

    Raises:
        UsageError: the file is not a journal
    """
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    state = fold_lines(whole.decode(errors="replace").split("\n"))
    if whole and state.header is None:
        raise UsageError(f"{path} is not a journal of gt-produce; move it away or use another --batch-id")
    if len(whole) < len(content):
        os.ftruncate(descriptor, len(whole))
    return state
