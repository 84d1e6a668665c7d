"""The journal of a batch: which stories are announced and which the broker has confirmed.

One JSON object a line, only ever appended, so that a producer killed at any moment publishes just the rest
when it is started again. A torn or unreadable line costs at most that story's confirm: it is published
twice and counted once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Self

from gt_common.errors import PublishedOnlyInPartError, UsageError
from gt_common.files import locked, make_state_folder, sync_folder

SYNC_EVERY = 20
"""Confirms between two fsyncs; only a power loss, not a kill, can take those in between."""
_NEWEST = 100


@dataclass(frozen=True)
class Header:
    """The first line: what the batch is.

    Parameters:
        namespace: the fleet it was published to
        fingerprint: of the list, to recognise the very same one
    """

    batch_id: str
    namespace: str
    fingerprint: str
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def same_list(self, other: Header) -> bool:
        """Whether both are of the very same list and fleet."""
        return (self.fingerprint, self.namespace) == (other.fingerprint, other.namespace)


@dataclass
class JournalState:
    """What a journal says.

    Parameters:
        positions: of every announced story, by story id
        confirmed: ids of the stories that the broker has
        sealed: whether the batch was published to its end
    """

    header: Header | None = None
    positions: dict[str, int] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    sealed: bool = False

    @property
    def complete(self) -> bool:
        """Whether every announced story is published and the batch sealed."""
        return self.sealed and self.confirmed >= self.positions.keys()

    def take(self, line: str) -> None:
        """Fold one line; one that cannot be read changes nothing."""
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return
        match record:
            case {"journal": 1, **rest}:
                self.header = self.header or _header(rest)
            case {"listed": list(entries)}:
                for entry in entries:
                    self._list(entry)
            case {"story_id": str(story_id), "position": int(position)}:
                self.positions.setdefault(story_id, position)
                self.confirmed.add(story_id)
            case {"sealed": True}:
                self.sealed = True

    def _list(self, entry: object) -> None:
        match entry:
            case [str(story_id), int(position)] if story_id not in self.positions:
                self.positions[story_id] = position
                self.sealed = False


class Journal:
    """A batch's journal, open for one producer alone.

    `with Journal.open(folder, batch_id) as journal:`
    """

    def __init__(self, path: Path, descriptor: int, state: JournalState, lock: ExitStack) -> None:
        self.path = path
        self.state = state
        self._descriptor = descriptor
        self._lock = lock
        self._unsynced = 0

    @classmethod
    def open(cls, folder: Path, batch_id: str) -> Journal:
        """Lock a batch's journal and read it; it is made when it is not there.

        Raises:
            UsageError: another producer publishes this batch now, or the file or folder is no journal's
            OSError: the file cannot be opened or read
        """
        make_state_folder(folder)
        path = journal_path(folder, batch_id)
        with ExitStack() as lock:
            descriptor = _lock(lock, path, batch_id)
            state = _read_and_mend(path, descriptor)
            return cls(path, descriptor, state, lock.pop_all())

    def begin(self, header: Header) -> None:
        """Write the first line, if there is none yet.

        Raises:
            OSError: it cannot be written; nothing was published yet
        """
        if self.state.header is None:
            self._append({"journal": 1, **asdict(header)})
            self.sync()
            sync_folder(self.path.parent)

    def list_stories(self, entries: Sequence[tuple[str, int]]) -> None:
        """Fix the positions of stories, before any of them is announced.

        Raises:
            OSError: they cannot be written; none of them was published yet
        """
        if entries:
            self._append({"listed": entries})
            self.sync()

    def confirm(self, story_id: str, position: int) -> None:
        """Note that the broker has a story.

        Raises:
            PublishedOnlyInPartError: it cannot be written
        """
        with self._after_publishing():
            self._append({"story_id": story_id, "position": position})
            self._unsynced += 1
            if self._unsynced >= SYNC_EVERY:
                self.sync()

    def seal(self) -> None:
        """Note that the batch is published to its end.

        Raises:
            PublishedOnlyInPartError: it cannot be written
        """
        with self._after_publishing():
            self._append({"sealed": True})
            self.sync()

    def sync(self) -> None:
        """Bring everything written so far onto the disk."""
        os.fsync(self._descriptor)
        self._unsynced = 0

    def close(self) -> None:
        """Sync and unlock; a journal in which nothing was written is removed.

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
                f"the journal {self.path} cannot be written: {error.strerror or error}; "
                "mend that, then go on with the same batch"
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


def journal_path(folder: Path, batch_id: str) -> Path:
    """Give the place of a batch's journal; a batch id has no character that could lead elsewhere."""
    return folder / f"{batch_id}.jsonl"


def read_state(path: Path) -> JournalState:
    """Read a journal without locking it; one that is not there says nothing."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return _fold(lines)
    except FileNotFoundError:
        return JournalState()


def find_unfinished(folder: Path, wanted: Header) -> list[str]:
    """Give the ids of batches of the very same list that were not published to their end, newest first."""
    found = []
    paths = sorted(folder.glob("*.jsonl"), key=_changed_at, reverse=True)
    for path in islice(paths, _NEWEST):
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                header = _fold(islice(lines, 1)).header
        except OSError:  # a folder, or somebody else's: none to point out
            continue
        if header is None or not header.same_list(wanted):
            continue
        if not read_state(path).complete:
            found.append(header.batch_id)
    return found


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _fold(lines: Iterable[str]) -> JournalState:
    state = JournalState()
    for line in lines:
        state.take(line)
    return state


def _header(record: Mapping[object, object]) -> Header | None:
    match record:
        case {"batch_id": str(batch_id), "namespace": str(namespace), "fingerprint": str(fingerprint)}:
            name, tags = record.get("name"), record.get("tags")
            return Header(
                batch_id,
                namespace,
                fingerprint,
                name if isinstance(name, str) else None,
                {str(key): str(value) for key, value in tags.items()} if isinstance(tags, dict) else {},
            )
    return None


def _lock(lock: ExitStack, path: Path, batch_id: str) -> int:
    try:
        return lock.enter_context(locked(path, wait=False, append=True))
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder where the batch's journal belongs; move it away") from None
    except BlockingIOError:
        raise UsageError(f"another gt-produce publishes batch {batch_id} now; let it finish") from None


def _read_and_mend(path: Path, descriptor: int) -> JournalState:
    """Read the journal and cut off a last line that was not written to its end."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    state = _fold(whole.decode(errors="replace").split("\n"))
    if whole and state.header is None:
        raise UsageError(f"{path} is no journal of gt-produce; move it away or take another --batch-id")
    if len(whole) < len(content):
        os.ftruncate(descriptor, len(whole))
    return state
