"""Queries for one batch and the list of batches; plain SQL, as reports must be quick to start.

They use the indexes `gt_stories_status` (batch, status, time) and `gt_stories_by_status` (status, batch,
position): what is counted is read from the index alone, and a part of a batch is found without sorting it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from gt_common.errors import NoSuchBatchError
from gt_common.ledger.plain import Plain, Row, marks, parts, utc
from gt_common.ledger.queries.holds import read_fleet
from gt_common.ledger.queries.kept_counts import are_counts_kept
from gt_common.ledger.queries.tombstones import NOT_PRUNED, check_not_pruned
from gt_common.ledger.spans import ENDINGS, STARTED, Mark, spans_of
from gt_common.ledger.stored import read_event, read_hold, read_opened, read_rules, read_story
from gt_common.ledger.views import AttemptSpan, BatchSummary
from gt_common.lifecycle import (
    BatchPhase,
    BatchState,
    StoryState,
    StoryStatus,
    complete_counts,
    pause_of,
    phase_of,
)

if TYPE_CHECKING:
    from gt_common.messages import BatchHold, BatchOpened, Event, FleetHold, StopRules

STATUSES: Final = ", ".join(f"'{status.value}'" for status in StoryStatus)
STORY: Final = "story_id, position, url, listed, title, not_before, event, costs"
_HEAD: Final = "batch_id, opened, expected, sealed, rules, hold, cost, cost_wasted"
_COUNTED: Final = (
    "SELECT batch_id, status, count(*), max(at), NULL FROM gt_stories "
    "WHERE batch_id IN ({}) GROUP BY batch_id, status"
)
_LATEST: Final = "SELECT max(at) FROM gt_stories WHERE batch_id = c.batch_id AND status = c.status"
"""Read off the index gt_stories_status."""
_KEPT_COUNTS: Final = (
    f"SELECT batch_id, status, number, ({_LATEST}), changes FROM gt_counts AS c "  # noqa: S608
    "WHERE number > 0 AND batch_id IN ({})"
)
WINDOW: Final = 1000
"""Positions of a batch that are read together."""


@dataclass(frozen=True)
class BatchHead:
    """A batch without its stories.

    Parameters:
        expected: the greatest number of stories that any `batch.opened` announced
        sealed: whether the whole list is known to be published
        rules: the stop rules; None if no event has set one
        hold: the event that counts of those that paused or resumed the batch
        fleet: the same of the whole fleet
        cost, cost_wasted: millionths of the currency spent on its stories, and the part of it that made no
            video; None if no run has said any
    """

    batch_id: str
    opened: BatchOpened | None
    expected: int
    sealed: bool
    rules: StopRules | None = None
    hold: BatchHold | None = None
    fleet: FleetHold | None = None
    cost: int | None = None
    cost_wasted: int | None = None

    def phase(self, counts: dict[StoryStatus, int]) -> BatchPhase:
        """Return the phase of the batch from the counts of its stories."""
        return phase_of(counts) if self.opened else BatchPhase.OPEN


def is_known(plain: Plain, batch_id: str) -> bool:
    """Whether the ledger has an event of a batch."""
    query = f"SELECT 1 FROM gt_batches WHERE batch_id = ? AND {NOT_PRUNED}"  # noqa: S608
    return bool(list(plain.rows(query, batch_id)))


def read_head(plain: Plain, batch_id: str) -> BatchHead:
    """Return a batch without its stories.

    Raises:
        NoSuchBatchError: the ledger has no event of it, or it was pruned
    """
    query = f"SELECT {_HEAD} FROM gt_batches WHERE batch_id = ? AND {NOT_PRUNED}"  # noqa: S608
    for row in list(plain.rows(query, batch_id)):
        return _head_of(row, read_fleet(plain))
    check_not_pruned(plain, batch_id)
    raise NoSuchBatchError(
        f"the ledger has no batch {batch_id!r}; `gt-report` without an id lists all batches"
    )


def _head_of(row: Row, fleet: FleetHold | None) -> BatchHead:
    batch_id, opened, expected, sealed, rules, hold, cost, cost_wasted = row
    return BatchHead(
        batch_id,
        read_opened(opened),
        expected,
        bool(sealed),
        read_rules(rules),
        read_hold(hold),
        fleet,
        cost,
        cost_wasted,
    )


def read_phase(plain: Plain, batch_id: str) -> BatchPhase:
    """Return the phase of a batch, without reading its stories.

    Raises:
        NoSuchBatchError: the ledger has no event of it
    """
    head = read_head(plain, batch_id)
    return head.phase(complete_counts(read_counts(plain, [batch_id])[batch_id].numbers, head.expected))


@dataclass
class Counts:
    """Stories of a batch by status.

    Parameters:
        latest: the time of the latest event of those at each status
        changes: the version of the ledger in which one of them changed last; empty if that is not known
    """

    numbers: dict[StoryStatus, int] = field(default_factory=dict)
    latest: dict[StoryStatus, datetime] = field(default_factory=dict)
    changes: dict[StoryStatus, int] = field(default_factory=dict)


def read_counts(plain: Plain, batch_ids: Collection[str]) -> dict[str, Counts]:
    """Return the counts of batches: those that are kept, or else from an index alone."""
    found: dict[str, Counts] = defaultdict(Counts)
    query = _KEPT_COUNTS if are_counts_kept(plain) else _COUNTED
    for ids in parts(batch_ids):
        for batch_id, name, number, at, changes in plain.rows(query.format(marks(ids)), *ids):
            counts, status = found[batch_id], StoryStatus(name)
            counts.numbers[status] = number
            if (latest := utc(at)) is not None:
                counts.latest[status] = latest
            if changes is not None:
                counts.changes[status] = changes
    return found


def read_stories(plain: Plain, batch_id: str) -> Iterator[list[Row]]:
    """Yield the stories of a batch in order, as rows of STORY, some at a time."""
    query = (
        f"SELECT {STORY} FROM gt_stories "  # noqa: S608
        f"WHERE status IN ({STATUSES}) AND batch_id = ? AND position >= ? AND position < ?"
    )
    first: int | None = 0
    while first is not None:
        rows = list(plain.rows(query, batch_id, first, first + WINDOW))
        if rows:
            rows.sort(key=lambda row: (row[1], row[0]))
            yield rows
            first += WINDOW
        else:
            first = _next_position(plain, batch_id, first + WINDOW)


def _next_position(plain: Plain, batch_id: str, first: int) -> int | None:
    """Return the least position of a story from `first` on; one status at a time it is read off an index."""
    query = "SELECT min(position) FROM gt_stories WHERE status = ? AND batch_id = ? AND position >= ?"
    found = [row[0] for status in StoryStatus for row in plain.rows(query, status.value, batch_id, first)]
    return min((position for position in found if position is not None), default=None)


def read_some_stories(
    plain: Plain, batch_id: str, status: StoryStatus, limit: int, *, latest: bool
) -> list[StoryState]:
    """Return some of the stories of a batch at a status: the latest, or the first of the list."""
    order = "AND at IS NOT NULL ORDER BY at DESC" if latest else "ORDER BY position, story_id"
    query = f"SELECT {STORY} FROM gt_stories WHERE batch_id = ? AND status = ? {order} LIMIT ?"  # noqa: S608
    return [state_of(row) for row in plain.rows(query, batch_id, status.value, limit)]


def read_these_stories(plain: Plain, batch_id: str, story_ids: Collection[str]) -> list[StoryState]:
    """Return the stories of a batch with these ids."""
    found = []
    for ids in parts(story_ids):
        query = f"SELECT {STORY} FROM gt_stories WHERE batch_id = ? AND story_id IN ({marks(ids)})"  # noqa: S608
        found += [state_of(row) for row in plain.rows(query, batch_id, *ids)]
    return found


def read_deciding_events(plain: Plain, batch_id: str) -> Iterator[tuple[str, bool, str | None]]:
    """Yield each story's id, whether a list named it, and the id of the event that decides its state."""
    query = "SELECT story_id, listed, event_id FROM gt_stories WHERE batch_id = ?"
    for story_id, listed, event_id in plain.rows(query, batch_id):
        yield story_id, bool(listed), event_id


def state_of(row: Row) -> StoryState:
    """Return the story of a row of STORY."""
    story_id, position, url, listed, title, not_before, event, costs = row
    return read_story(story_id, position, url, bool(listed), title, not_before, event, costs)


def read_batch(plain: Plain, batch_id: str) -> BatchState:
    """Return the state of a batch.

    Raises:
        NoSuchBatchError: the ledger has no event of it
    """
    head = read_head(plain, batch_id)
    stories = {row[0]: state_of(row) for rows in read_stories(plain, batch_id) for row in rows}
    return BatchState(
        batch_id, head.opened, head.expected, head.sealed, stories, head.rules, head.hold, head.fleet
    )


def read_batches(plain: Plain, limit: int) -> list[BatchSummary]:
    """Return the newest batches."""
    return read_summaries(plain, limit, 0)


def read_summaries(plain: Plain, limit: int, skip: int) -> list[BatchSummary]:
    """Return batches, newest first, without so many of the newest ones."""
    there = f"FROM gt_batches WHERE {NOT_PRUNED} ORDER BY since DESC, batch_id DESC LIMIT ? OFFSET ?"
    query = f"SELECT {_HEAD} {there}"
    fleet = read_fleet(plain)
    heads = [_head_of(row, fleet) for row in plain.rows(query, limit, skip)]
    counts = read_counts(plain, [head.batch_id for head in heads])
    return [_summary(head, counts[head.batch_id]) for head in heads]


def read_ids(plain: Plain, limit: int) -> list[str]:
    """Return the ids of the newest batches."""
    query = f"SELECT batch_id FROM gt_batches WHERE {NOT_PRUNED} ORDER BY since DESC, batch_id DESC LIMIT ?"  # noqa: S608
    return [row[0] for row in plain.rows(query, limit)]


def read_attempts(plain: Plain, batch_id: str) -> list[AttemptSpan]:
    """Return every run of every attempt of a batch, ordered by start.

    Raises:
        NoSuchBatchError: the ledger has no event of it
    """
    read_head(plain, batch_id)
    types = [STARTED, *ENDINGS]
    query = (
        "SELECT event_id, type, at, story_id, generation, attempt, run, worker, started_at "  # noqa: S608
        f"FROM gt_events WHERE batch_id = ? AND type IN ({marks(types)})"
    )
    return spans_of(_mark(row) for row in plain.rows(query, batch_id, *types))


def _mark(row: Row) -> Mark:
    event_id, kind, at, story_id, generation, attempt, run, worker, started_at = row
    when = utc(at)
    if when is None:
        raise ValueError(f"event {event_id} has no time")
    return Mark(event_id, kind, when, story_id, generation, attempt, run, worker, utc(started_at))


def read_events(plain: Plain, batch_id: str, types: Collection[str]) -> list[Event]:
    """Return a batch's events of some types, oldest first."""
    query = (
        f"SELECT body FROM gt_events WHERE batch_id = ? AND type IN ({marks(types)}) "  # noqa: S608
        "ORDER BY at, event_id"
    )
    return [read_event(row[0]) for row in plain.rows(query, batch_id, *types)]


def read_version(plain: Plain) -> int:
    """Return a number that grows with every new event."""
    [[number]] = plain.rows("SELECT number FROM gt_version")
    return int(number)


def _summary(head: BatchHead, found: Counts) -> BatchSummary:
    counts = complete_counts(found.numbers, head.expected)
    phase = head.phase(counts)
    opened = head.opened
    return BatchSummary(
        batch_id=head.batch_id,
        name=opened.name if opened else None,
        tags=opened.tags if opened else {},
        phase=phase,
        total=sum(counts.values()),
        counts=counts,
        opened_at=opened.at if opened else None,
        paused=pause_of(opened, phase, head.hold, head.fleet),
        finished_at=None if phase is BatchPhase.OPEN else max(found.latest.values(), default=None),
        cost=head.cost,
        cost_wasted=head.cost_wasted,
    )
