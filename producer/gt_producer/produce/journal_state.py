"""Contents of a batch's journal: its header, the listed stories, and those the broker has confirmed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from gt_common.stories.priority import Priority
from gt_producer.produce.positions import Positions, PositionSet

_NEWEST = 100
"""Journals searched for unfinished batches."""


@dataclass(frozen=True)
class Header:
    """The first line: what the batch is.

    Parameters:
        namespace: the fleet it is published to
        fingerprint: of the list, to recognise the same list again
    """

    batch_id: str
    namespace: str
    fingerprint: str
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def same_list(self, other: Header) -> bool:
        """Whether both are for the same list and the same fleet."""
        return (self.fingerprint, self.namespace) == (other.fingerprint, other.namespace)


@dataclass(frozen=True)
class Recorded:
    """From when the start times of a list are counted, and what was given for the whole list."""

    now: datetime
    start_after: str | None
    priority: Priority | None

    def document(self) -> dict[str, str | None]:
        """Return it as the journal has it."""
        now = self.now.astimezone(UTC).isoformat()
        return {"now": now, "start_after": self.start_after, "priority": self.priority}


@dataclass
class JournalState:
    """State of a journal, folded from its lines.

    Parameters:
        positions: of every listed story, by story id
        announced: positions of the stories whose list the broker has confirmed
        confirmed: positions of the stories that the broker has confirmed
        sealed: whether the batch was published completely
        schedules: of the lists with start times or priorities, by fingerprint
    """

    header: Header | None = None
    positions: Positions = field(default_factory=Positions)
    announced: PositionSet = field(default_factory=PositionSet)
    confirmed: PositionSet = field(default_factory=PositionSet)
    sealed: bool = False
    schedules: dict[str, Recorded] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every listed story is published and the batch sealed."""
        return self.sealed and not self.positions.taken().count_outside(self.confirmed)

    @property
    def published(self) -> int:
        """Number of listed stories that the broker has confirmed."""
        return len(self.positions) - self.positions.taken().count_outside(self.confirmed)

    def has_published(self, story_id: str) -> bool:
        """Whether the broker has confirmed a story."""
        position = self.positions.get(story_id)
        return position is not None and position in self.confirmed

    def take(self, line: str) -> None:
        """Fold one line; an unreadable one changes nothing."""
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return
        match record:
            case {"confirmed": str(ranges)}:
                self.confirmed.add_ranges(ranges)
            case {"announced": str(ranges)}:
                self.announced.add_ranges(ranges)
            case {"journal": 1, **rest}:
                self.header = self.header or _header(rest)
            case {"first": int(first), "ids": str(ids)}:
                self.list_run(first, ids)
            case {"schedule": {"now": str(now), **given}, "list": str(name)}:
                with suppress(ValueError):
                    self.schedules[name] = _recorded(now, given)
            case {"sealed": True}:
                self.sealed = True
            case _:
                self._take_earlier(record)

    def _take_earlier(self, record: object) -> None:
        """Fold a line that only earlier versions wrote."""
        match record:
            case {"listed": list(entries)}:
                for entry in entries:
                    self._list(entry)
            case {"story_id": str(story_id), "position": int(position)}:
                self.positions.add(story_id, position)
                self.confirmed.add(self.positions.get(story_id, 0))

    def list_run(self, first: int, ids: str) -> None:
        """Add stories with consecutive positions; none of them has been published yet."""
        if self.positions.add_run(first, ids):
            # Only a list that cannot be read any more can have had these positions before.
            self.confirmed.forget_from(first)
            self.announced.forget_from(first)
            self.sealed = False

    def _list(self, entry: object) -> None:
        match entry:
            case [str(story_id), int(position)] if self.positions.add(story_id, position):
                self.sealed = False


def journal_path(folder: Path, batch_id: str) -> Path:
    """Return the path of a batch's journal; a batch id has no character that could lead out of the folder."""
    return folder / f"{batch_id}.jsonl"


def fold_lines(lines: Iterable[str]) -> JournalState:
    """Return the state that the lines of a journal describe."""
    state = JournalState()
    for line in lines:
        state.take(line)
    return state


def read_state(path: Path) -> JournalState:
    """Read a journal without locking it; a missing one has an empty state.

    Raises:
        OSError: the file cannot be read
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return fold_lines(lines)
    except FileNotFoundError:
        return JournalState()


def find_unfinished(folder: Path, wanted: Header) -> list[str]:
    """Return the ids of batches of the same list that were not published completely, newest first."""
    found = []
    paths = sorted(folder.glob("*.jsonl"), key=_changed_at, reverse=True)
    for path in islice(paths, _NEWEST):
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                header = fold_lines(islice(lines, 1)).header
        except OSError:  # a folder, or another user's file
            continue
        if header is None or not header.same_list(wanted):
            continue
        if not read_state(path).complete:
            found.append(header.batch_id)
    return found


def read_recent(folder: Path, within_s: float) -> Iterator[tuple[Path, float, JournalState]]:
    """Yield the journals that were written to lately, newest first, and the seconds since then."""
    now = time.time()
    for path in sorted(folder.glob("*.jsonl"), key=_changed_at, reverse=True):
        age = max(0.0, now - _changed_at(path))
        if age > within_s:
            return
        try:
            yield path, age, read_state(path)
        except OSError:  # a folder, or another user's file
            continue


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _recorded(now: str, given: Mapping[object, object]) -> Recorded:
    start_after, priority = given.get("start_after"), given.get("priority")
    return Recorded(
        datetime.fromisoformat(now),
        start_after if isinstance(start_after, str) else None,
        Priority(priority) if isinstance(priority, str) else None,
    )


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
