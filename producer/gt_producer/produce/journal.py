"""Journal of a batch: the stories that are listed, and those the broker has confirmed.

One JSON object per line, only ever appended. A producer that is killed and started again publishes just the
rest. A torn or unreadable line costs at most the confirms of its stories, which are then published twice and
counted once.

Every group of confirms is written at once, so that it survives a kill. It survives a power failure as soon as
it is synced, which happens in a thread beside the publishing:
docs/decisions/0047-the-journal-is-synced-beside-publishing.md.
"""

from __future__ import annotations

import asyncio
import json
import os
from array import array
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Self

from gt_common.errors import PublishedOnlyInPartError, UsageError
from gt_common.files import locked, make_state_folder, sync_folder
from gt_common.stories.schedule import Schedule
from gt_producer.produce.journal_state import Header, JournalState, Recorded, fold_lines, journal_path
from gt_producer.produce.positions import ids_text, ranges_text

SYNC_S = 0.2
"""Seconds from a sync to the next one; confirms since then survive a kill, but not a power failure."""
LISTED_AT_ONCE = 1_000
"""Stories in one line of the list."""


class Journal:
    """A batch's journal, locked for one producer: `with Journal.open(folder, batch_id) as journal:`."""

    def __init__(self, path: Path, descriptor: int, state: JournalState, lock: ExitStack) -> None:
        self.path = path
        self.state = state
        self._descriptor = descriptor
        self._lock = lock
        self._unsynced = False
        self._closed = False

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

    def record_schedule(self, fingerprint: str, schedule: Schedule) -> None:
        """Record from when the start times of a list are counted, unless that is recorded already.

        Parameters:
            fingerprint: of the list

        Raises:
            OSError: it cannot be written; none of its stories has been published yet
        """
        known = Recorded(schedule.now, schedule.start_after, schedule.priority)
        if self.state.schedules.get(fingerprint) != known:
            self._append({"schedule": known.document(), "list": fingerprint})
            self.sync()

    def list_stories(self, first: int, ids: array[int]) -> None:
        """Record new stories with consecutive positions, before any of them is published.

        Parameters:
            ids: the story ids as numbers

        Raises:
            OSError: they cannot be written; none of these stories has been published yet
        """
        if not ids:
            return
        for start in range(0, len(ids), LISTED_AT_ONCE):
            text = ids_text(ids[start : start + LISTED_AT_ONCE])
            self._append({"first": first + start, "ids": text})
        self.sync()

    def announce(self, positions: Iterable[int]) -> None:
        """Record that the broker has confirmed the part of the list with these stories.

        Raises:
            OSError: it cannot be written; no story has been published yet
        """
        self._append({"announced": ranges_text(positions)})
        self._unsynced = True

    def confirm(self, positions: Iterable[int]) -> None:
        """Record that the broker has confirmed stories.

        Raises:
            PublishedOnlyInPartError: it cannot be written
        """
        with self._after_publishing():
            self._append({"confirmed": ranges_text(positions)})
            self._unsynced = True

    @asynccontextmanager
    async def syncing(self) -> AsyncIterator[None]:
        """Sync now and then during a block, in a thread beside it.

        Raises:
            PublishedOnlyInPartError: the disk failed; the block is cancelled
        """
        try:
            async with asyncio.TaskGroup() as group:
                syncer = group.create_task(self._sync_now_and_then(), name="sync the journal")
                yield
                syncer.cancel()
        except BaseExceptionGroup as errors:
            raise _first(errors) from None

    async def _sync_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(SYNC_S)
            if self._unsynced:
                self._unsynced = False
                with self._after_publishing():
                    await _to_the_end(asyncio.to_thread(os.fsync, self._descriptor))

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
        self._unsynced = False

    def close(self) -> None:
        """Sync and unlock; a journal without a header is removed.

        Raises:
            PublishedOnlyInPartError: the last confirms cannot be written
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
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
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            error.filename = str(self.path)  # a descriptor does not tell
            raise
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
    state = fold_lines(line.decode(errors="replace") for line in whole.split(b"\n"))
    if whole and state.header is None:
        raise UsageError(f"{path} is not a journal of gt-produce; move it away or use another --batch-id")
    if len(whole) < len(content):
        os.ftruncate(descriptor, len(whole))
    return state


async def _to_the_end(work: Coroutine[None, None, None]) -> None:
    """Wait for work in a thread even if this task is cancelled: the thread uses the journal's file."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
