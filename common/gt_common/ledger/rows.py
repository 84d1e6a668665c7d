"""Converts between rows of the tables and values of the fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from sqlalchemy import Connection, select

from gt_common.ledger.bulk_rows import Row
from gt_common.ledger.schema import batches, pruned
from gt_common.ledger.stored import read_hold, read_opened, read_rules
from gt_common.lifecycle import BatchState, StoryState
from gt_common.messages import (
    BatchEvent,
    Event,
    StoryEvent,
    StorySpent,
)
from gt_common.messages.codec import as_json
from gt_common.messages.costs import NO_COSTS

Item = TypeVar("Item")

# SQLite before 3.32 allows 999 parameters in a statement (sqlite.org/limits.html).
PARAMETERS = 500


@dataclass(frozen=True)
class BatchRow:
    """A row of the table of batches, in the order of its columns."""

    batch_id: str
    since: datetime
    expected: int
    sealed: bool
    opened: str | None
    rules: str | None
    hold: str | None
    cost: int | None
    cost_wasted: int | None

    def state(self, stories: dict[str, StoryState]) -> BatchState:
        """Return the batch with these stories."""
        opened, rules, hold = read_opened(self.opened), read_rules(self.rules), read_hold(self.hold)
        return BatchState(self.batch_id, opened, self.expected, self.sealed, stories, rules, hold)


def read_batch_rows(connection: Connection, batch_ids: list[str]) -> dict[str, BatchRow]:
    """Return the rows of the batches that exist and are not being pruned, by batch id."""
    found: dict[str, BatchRow] = {}
    for ids in chunks(batch_ids):
        there = batches.c.batch_id.not_in(select(pruned.c.batch_id))
        for columns in connection.execute(select(batches).where(batches.c.batch_id.in_(ids), there)):
            row = BatchRow(*columns)
            found[row.batch_id] = row
    return found


def chunks(items: list[Item]) -> list[list[Item]]:
    """Split a list into parts that fit into the parameters of one statement."""
    return [items[start : start + PARAMETERS] for start in range(0, len(items), PARAMETERS)]


def body_of(event: Event) -> str:
    """Encode an event for storage."""
    return as_json(event)


def batch_event_row(event: BatchEvent, body: str) -> Row:
    """Return the row of an event that is about a whole batch."""
    return (event.event_id, event.batch_id, event.type, event.at, None, None, None, None, None, None, body)


def story_event_row(event: StoryEvent | StorySpent, body: str) -> Row:
    """Return the row of a story's event; what a timeline needs has its own columns."""
    run = (event.story_id, event.generation, event.attempt, event.run, event.worker, event.started_at)
    return (event.event_id, event.batch_id, event.type, event.at, *run, body)


def batch_row(state: BatchState, since: datetime) -> Row:
    """Return a batch's row, without the sums at its end.

    Parameters:
        since: time of its earliest event
    """
    opened = body_of(state.opened) if state.opened else None
    rules = state.rules.model_dump_json(exclude_none=True) if state.rules else None
    hold = body_of(state.hold) if state.hold else None
    return (state.batch_id, since, state.expected, state.sealed, opened, rules, hold)


_NO_COSTS: Final = (None, None, None)


def _cost_columns(story: StoryState) -> tuple[str | None, int | None, int | None]:
    return story.costs.to_json(), story.cost, story.cost_wasted


def story_row(batch_id: str, story: StoryState, bodies: Mapping[str, str]) -> Row:
    """Return a story's row.

    Parameters:
        bodies: encoded events, by event id
    """
    event = story.event
    line = (
        batch_id,
        story.story_id,
        story.position,
        story.url,
        story.listed,
        story.title,
        story.not_before.astimezone(UTC).isoformat() if story.not_before else None,
    )
    costs = _NO_COSTS if story.costs is NO_COSTS else _cost_columns(story)
    if event is None:
        return (*line, story.status.value, None, None, None, None, None, None, *costs)
    run = (event.generation, event.attempt, event.run, event.at, event.event_id)
    return (*line, story.status.value, *run, bodies.get(event.event_id) or body_of(event), *costs)
