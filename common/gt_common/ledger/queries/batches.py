"""Queries for one batch, the list of batches and a batch's timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select

from gt_common.errors import NoSuchBatchError
from gt_common.ledger.rows import (
    STORY_COLUMNS,
    BatchRow,
    chunks,
    read_batch_rows,
    read_event,
    read_opened,
    read_story,
)
from gt_common.ledger.schema import batches, events, stories
from gt_common.ledger.spans import ENDINGS, STARTED, Mark, spans_of
from gt_common.ledger.views import AttemptSpan, BatchSummary
from gt_common.lifecycle import BatchPhase, BatchState, StoryStatus, complete_counts, phase_of
from gt_common.messages import Event


def read_batch(connection: Connection, batch_id: str) -> BatchState:
    """Return the state of a batch.

    Raises:
        NoSuchBatchError: the ledger has no event of it
    """
    batch = _batch_row(connection, batch_id)
    query = select(*STORY_COLUMNS).where(stories.c.batch_id == batch_id).order_by(stories.c.position)
    return batch.state({row.story_id: read_story(*row) for row in connection.execute(query)})


def read_batches(connection: Connection, limit: int) -> list[BatchSummary]:
    """Return the newest batches; their counts are computed from the rows of stories."""
    newest = select(batches).order_by(batches.c.since.desc(), batches.c.batch_id.desc()).limit(limit)
    rows = [BatchRow(*row) for row in connection.execute(newest)]
    found: dict[str, dict[StoryStatus, int]] = defaultdict(dict)
    latest: dict[str, datetime] = {}
    for ids in chunks([row.batch_id for row in rows]):
        query = (
            select(stories.c.batch_id, stories.c.status, func.count(), func.max(stories.c.at))
            .where(stories.c.batch_id.in_(ids))
            .group_by(stories.c.batch_id, stories.c.status)
        )
        for batch_id, status, count, at in connection.execute(query):
            found[batch_id][StoryStatus(status)] = count
            if at is not None:
                latest[batch_id] = max(at, latest.get(batch_id, at))
    return [_summary(row, found[row.batch_id], latest.get(row.batch_id)) for row in rows]


def read_attempts(connection: Connection, batch_id: str) -> list[AttemptSpan]:
    """Return every run of every attempt of a batch, ordered by start.

    Raises:
        NoSuchBatchError: the ledger has no event of it
    """
    _batch_row(connection, batch_id)
    query = select(
        events.c.event_id,
        events.c.type,
        events.c.at,
        events.c.story_id,
        events.c.generation,
        events.c.attempt,
        events.c.run,
        events.c.worker,
        events.c.started_at,
    ).where(events.c.batch_id == batch_id, events.c.type.in_([STARTED, *ENDINGS]))
    return spans_of(Mark(*row) for row in connection.execute(query))


def read_events(connection: Connection, batch_id: str, types: Collection[str]) -> list[Event]:
    """Return a batch's events of some types, oldest first."""
    query = (
        select(events.c.body)
        .where(events.c.batch_id == batch_id, events.c.type.in_(types))
        .order_by(events.c.at, events.c.event_id)
    )
    return [read_event(body) for body in connection.execute(query).scalars()]


def _batch_row(connection: Connection, batch_id: str) -> BatchRow:
    row = read_batch_rows(connection, [batch_id]).get(batch_id)
    if row is None:
        raise NoSuchBatchError(
            f"the ledger has no batch {batch_id!r}; `gt-report` without an id lists all batches"
        )
    return row


def _summary(row: BatchRow, found: dict[StoryStatus, int], latest: datetime | None) -> BatchSummary:
    opened = read_opened(row.opened)
    counts = complete_counts(found, row.expected)
    phase = phase_of(counts) if opened else BatchPhase.OPEN
    return BatchSummary(
        batch_id=row.batch_id,
        name=opened.name if opened else None,
        tags=opened.tags if opened else {},
        phase=phase,
        total=sum(counts.values()),
        counts=counts,
        opened_at=opened.at if opened else None,
        finished_at=None if phase is BatchPhase.OPEN else latest,
    )
