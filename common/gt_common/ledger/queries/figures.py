"""The figures of a whole ledger for a monitoring system: read off indexes, so cheap at 10^6 stories."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gt_common.ledger.plain import Plain, utc
from gt_common.ledger.queries.holds import read_fleet
from gt_common.ledger.queries.kept_counts import are_counts_kept
from gt_common.ledger.queries.letters import read_local_batches
from gt_common.ledger.queries.tombstones import NOT_PRUNED
from gt_common.lifecycle import BatchPhase, StoryStatus, complete_counts, phase_of
from gt_common.messages import FleetPaused
from gt_common.texts import one_line

CAUSES: Final = 10
"""Causes of dead letters that are named, those with most stories."""
OTHER: Final = "other"
LETTERS: Final = 2000
"""Dead letters whose causes are read, those of the newest batches: each is a read of its own."""
_SAMPLE: Final = 200
"""Queued stories of a batch that are asked for their start time, the first ones of the list."""
_MOST_BATCHES: Final = 100
"""Batches with queued stories that are asked for the oldest one, the oldest batches."""
_LONGEST_CAUSE: Final = 100
"""Characters of a cause."""


@dataclass(frozen=True)
class Figures:
    """A ledger in numbers.

    Parameters:
        stories: by status, those included that have only been announced
        batches: by phase
        waiting_since: since when the oldest queued story could have been started; None if none is queued;
            batches of gt-batch do not count, because no worker of the fleet will ever take their stories
        dead_letters: by cause, the most frequent ones; the others together as `OTHER`
        paused: whether the whole fleet is paused
    """

    stories: Mapping[StoryStatus, int] = field(default_factory=dict)
    batches: Mapping[BatchPhase, int] = field(default_factory=dict)
    waiting_since: datetime | None = None
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    paused: bool = False


@dataclass(frozen=True)
class _Batch:
    batch_id: str
    since: datetime
    counts: Mapping[StoryStatus, int]
    phase: BatchPhase
    unseen: int


def read_figures(plain: Plain) -> Figures:
    """Return the figures of the whole ledger."""
    local = read_local_batches(plain)
    stories: Counter[StoryStatus] = Counter(dict.fromkeys(StoryStatus, 0))
    phases: Counter[BatchPhase] = Counter(dict.fromkeys(BatchPhase, 0))
    queued: list[_Batch] = []
    dead = 0
    for batch in _batches(plain):
        stories.update(batch.counts)
        phases[batch.phase] += 1
        if batch.batch_id not in local:
            dead += batch.counts[StoryStatus.FAILED]
            if batch.counts[StoryStatus.QUEUED]:
                queued.append(batch)
    waiting_since = _waiting_since(plain, queued)
    causes = _causes(plain, local, dead) if dead else {}
    return Figures(stories, phases, waiting_since, causes, isinstance(read_fleet(plain), FleetPaused))


def _batches(plain: Plain) -> Iterator[_Batch]:
    found: dict[str, dict[StoryStatus, int]] = defaultdict(dict)
    counts = "SELECT status, batch_id, number FROM gt_counts WHERE number > 0"
    if not are_counts_kept(plain):
        # In the order of the index gt_stories_by_status, so that nothing is sorted and no row is read.
        counts = "SELECT status, batch_id, count(*) FROM gt_stories GROUP BY status, batch_id"
    for status, batch_id, number in plain.rows(counts):
        found[batch_id][StoryStatus(status)] = number
    columns = "batch_id, since, expected, CASE WHEN opened IS NULL THEN 0 ELSE 1 END"
    heads = f"SELECT {columns} FROM gt_batches WHERE {NOT_PRUNED}"  # noqa: S608
    for batch_id, since, expected, opened in plain.rows(heads):
        seen = found.get(batch_id, {})
        complete = complete_counts(seen, expected)
        phase = phase_of(complete) if opened else BatchPhase.OPEN
        if (began := utc(since)) is not None:
            yield _Batch(batch_id, began, complete, phase, max(0, expected - sum(seen.values())))


def _waiting_since(plain: Plain, queued: list[_Batch]) -> datetime | None:
    oldest: datetime | None = None
    for batch in sorted(queued, key=lambda batch: batch.since)[:_MOST_BATCHES]:
        if oldest is not None and oldest <= batch.since:
            break  # no story of this batch or of a later one is older
        due = min(_due_times(plain, batch), default=None)
        if due is not None and (oldest is None or due < oldest):
            oldest = due
    return oldest


def _due_times(plain: Plain, batch: _Batch) -> Iterator[datetime]:
    """Yield since when queued stories of a batch could have been started, the oldest one among them."""
    if batch.unseen:
        yield batch.since
    queued = "FROM gt_stories WHERE status = 'queued' AND batch_id = ?"
    for at, not_before in plain.rows(
        f"SELECT at, not_before {queued} ORDER BY position LIMIT ?",
        batch.batch_id,
        _SAMPLE,
    ):
        begun = utc(at) or batch.since
        yield max(begun, datetime.fromisoformat(not_before)) if not_before else begun
    # Replayed and requeued ones: their latest event is read off the index gt_stories_status.
    for [at] in plain.rows(f"SELECT min(at) {queued}", batch.batch_id):
        if (requeued := utc(at)) is not None:
            yield requeued


def _causes(plain: Plain, local: set[str], dead: int) -> dict[str, int]:
    kind, stage = (plain.json_text("event", "failure", name) for name in ("type", "stage"))
    # Ids of batches begin with their time, and an order by time would sort all dead letters.
    newest = "SELECT batch_id, event FROM gt_stories WHERE status = 'failed' ORDER BY batch_id DESC LIMIT ?"
    query = f"SELECT batch_id, {kind}, {stage} FROM ({newest}) AS newest"  # noqa: S608
    found: Counter[str] = Counter(
        _cause(kind, stage) for batch_id, kind, stage in plain.rows(query, LETTERS) if batch_id not in local
    )
    causes = dict(found.most_common(CAUSES))
    if left := max(0, dead - sum(causes.values())):
        causes[OTHER] = causes.get(OTHER, 0) + left
    return causes


def _cause(kind: str | None, stage: str | None) -> str:
    cause = f"{kind or 'unknown'} in {stage}" if stage else kind or "unknown"
    return one_line(cause)[:_LONGEST_CAUSE]
