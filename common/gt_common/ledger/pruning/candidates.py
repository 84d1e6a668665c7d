"""Which batches are old enough to be pruned, and why some of them are kept all the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from gt_common.errors import NoSuchBatchError
from gt_common.ledger.plain import Plain, parts, utc
from gt_common.ledger.queries.batches import BatchHead, Counts, read_counts, read_head
from gt_common.ledger.queries.tombstones import NOT_PRUNED
from gt_common.lifecycle import BatchPhase, StoryStatus, complete_counts
from gt_common.messages import BatchPaused, is_local
from gt_common.texts import plural


@dataclass(frozen=True)
class OldBatch:
    """A batch whose last event is old.

    Parameters:
        kept: why it is not pruned; empty if it may be
        events, size: its rows, and how many bytes of text they hold; 0 if not counted
    """

    batch_id: str
    name: str | None
    phase: BatchPhase
    counts: dict[StoryStatus, int]
    last_event_at: datetime
    kept: str = ""
    events: int = 0
    size: int = 0

    @property
    def total(self) -> int:
        """Number of stories."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Age:
    """What counts as old.

    Parameters:
        before: the time of the last event must be earlier
        now: letters that can be restored after this time keep their batch
        failed: whether batches may go whose dead letters may still be in the queue
    """

    before: datetime
    now: datetime
    failed: bool = False


def read_begun_before(plain: Plain, before: datetime) -> list[str]:
    """Return the batches whose first event is earlier, oldest first; only these can be old."""
    query = f"SELECT batch_id, since FROM gt_batches WHERE {NOT_PRUNED} ORDER BY since, batch_id"  # noqa: S608
    return [batch_id for batch_id, since in plain.rows(query) if (utc(since) or before) < before]


def list_old(plain: Plain, batch_ids: Collection[str], age: Age, *, sizes: bool) -> list[OldBatch]:
    """Return those of some batches that are old.

    Parameters:
        sizes: whether to count their events and bytes, for which all of them are read
    """
    return [*_old(plain, batch_ids, age, sizes=sizes)]


def _old(plain: Plain, batch_ids: Collection[str], age: Age, *, sizes: bool) -> Iterator[OldBatch]:
    for ids in parts(batch_ids):
        counts = read_counts(plain, ids)
        for batch_id in ids:
            try:
                head = read_head(plain, batch_id)
            except NoSuchBatchError:  # pruned since its id was read
                continue
            found = _examine(plain, head, counts[batch_id], age)
            if found is not None:
                yield _sized(plain, found) if sizes else found


def is_as(plain: Plain, found: OldBatch, age: Age) -> bool:
    """Whether the stories of a batch have the statuses with which it was found, and none of them lately."""
    counts = read_counts(plain, [found.batch_id])[found.batch_id]
    same = complete_counts(counts.numbers, read_head(plain, found.batch_id).expected) == found.counts
    return same and all(at < age.before for at in counts.latest.values())


def _examine(plain: Plain, head: BatchHead, found: Counts, age: Age) -> OldBatch | None:
    counts = complete_counts(found.numbers, head.expected)
    # Read off an index, and so it sorts out most batches.
    if any(at >= age.before for at in found.latest.values()):
        return None
    last = _last_event(plain, head.batch_id)
    if last is None or last >= age.before:
        return None
    name = head.opened.name if head.opened else None
    kept = _why_kept(plain, head, counts, age)
    return OldBatch(head.batch_id, name, head.phase(counts), counts, last, kept)


def _last_event(plain: Plain, batch_id: str) -> datetime | None:
    """Return the time of a batch's last event, those of unknown types included."""
    times = [
        utc(at)
        for query in (
            "SELECT max(at) FROM gt_events WHERE batch_id = ?",
            "SELECT max(received_at) FROM gt_unknown_events WHERE batch_id = ?",
        )
        for (at,) in plain.rows(query, batch_id)
    ]
    return max((at for at in times if at is not None), default=None)


def _why_kept(plain: Plain, head: BatchHead, counts: dict[StoryStatus, int], age: Age) -> str:
    if head.phase(counts) is BatchPhase.OPEN:
        left = sum(number for status, number in counts.items() if not status.final)
        return f"{plural(left, 'story')} not finished" if left else "its list is not known"
    failed = counts[StoryStatus.FAILED]
    if failed and not is_local(head.opened) and not age.failed:
        return f"{plural(failed, 'dead letter')}; replay or discard them, or add --failed"
    if isinstance(head.hold, BatchPaused):
        return f"it is paused; `gt-control resume {head.batch_id}` first"
    until = _restorable_until(plain, head.batch_id) if counts[StoryStatus.CANCELLED] else None
    if until is not None and until > age.now:
        return f"its cancelled stories can be restored until {until:%Y-%m-%d}"
    return ""


def _restorable_until(plain: Plain, batch_id: str) -> datetime | None:
    until = plain.json_text("event", "purge_at")
    query = f"SELECT DISTINCT {until} FROM gt_stories WHERE batch_id = ? AND status = 'cancelled'"  # noqa: S608
    times = [datetime.fromisoformat(row[0]) for row in plain.rows(query, batch_id) if row[0]]
    return max(times, default=None)


def _sized(plain: Plain, found: OldBatch) -> OldBatch:
    """Return an old batch with its size."""
    events = "SELECT count(*), coalesce(sum(length(body)), 0) FROM gt_events WHERE batch_id = ?"
    stories = "SELECT coalesce(sum(length(event)), 0) FROM gt_stories WHERE batch_id = ?"
    [[number, bodies]] = plain.rows(events, found.batch_id)
    [[latest]] = plain.rows(stories, found.batch_id)
    return OldBatch(
        found.batch_id,
        found.name,
        found.phase,
        found.counts,
        found.last_event_at,
        found.kept,
        int(number),
        int(bodies) + int(latest),
    )
