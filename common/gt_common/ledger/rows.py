"""Converts between rows of the tables and values of the fold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter
from sqlalchemy import Connection, select

from gt_common.ledger.schema import batches, stories
from gt_common.lifecycle import BatchState, StoryState
from gt_common.messages import (
    BatchEvent,
    BatchOpened,
    Event,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StorySucceeded,
    encode,
)

Values = dict[str, object]
Item = TypeVar("Item")
_OF_STORY = ("story_id", "generation", "attempt", "run", "worker", "started_at")

# SQLite before 3.32 allows 999 parameters in a statement (sqlite.org/limits.html).
PARAMETERS = 500

# Without the size limit of messages.decode_event: what was stored once must stay readable.
_STORY_EVENTS: TypeAdapter[StoryEvent] = TypeAdapter(Annotated[StoryEvent, Field(discriminator="type")])
_EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])

STORY_COLUMNS = (
    stories.c.story_id,
    stories.c.position,
    stories.c.url,
    stories.c.listed,
    stories.c.title,
    stories.c.event,
)


@dataclass(frozen=True)
class BatchRow:
    """A row of the table of batches, in the order of its columns."""

    batch_id: str
    since: datetime
    expected: int
    sealed: bool
    opened: str | None

    def state(self, stories: dict[str, StoryState]) -> BatchState:
        """Return the batch with these stories."""
        opened = read_opened(self.opened)
        return BatchState(self.batch_id, opened, self.expected, self.sealed, stories)


def read_batch_rows(connection: Connection, batch_ids: list[str]) -> dict[str, BatchRow]:
    """Return the rows of the batches that exist, by batch id."""
    found: dict[str, BatchRow] = {}
    for ids in chunks(batch_ids):
        for columns in connection.execute(select(batches).where(batches.c.batch_id.in_(ids))):
            row = BatchRow(*columns)
            found[row.batch_id] = row
    return found


def chunks(items: list[Item]) -> list[list[Item]]:
    """Split a list into parts that fit into the parameters of one statement."""
    return [items[start : start + PARAMETERS] for start in range(0, len(items), PARAMETERS)]


def body_of(event: Event) -> str:
    """Encode an event for storage."""
    return encode(event).decode()


def event_row(event: Event, body: str) -> Values:
    """Return an event's row; what a timeline needs has its own columns."""
    row: Values = {
        "event_id": event.event_id,
        "batch_id": event.batch_id,
        "type": event.type,
        "at": event.at,
        "body": body,
    }
    if isinstance(event, BatchEvent):
        return row | dict.fromkeys(_OF_STORY)
    return row | {name: getattr(event, name) for name in _OF_STORY}


def batch_row(state: BatchState, since: datetime) -> Values:
    """Return a batch's row.

    Parameters:
        since: time of its earliest event
    """
    return {
        "batch_id": state.batch_id,
        "since": since,
        "expected": state.expected,
        "sealed": state.sealed,
        "opened": state.opened and body_of(state.opened),
    }


def story_row(batch_id: str, story: StoryState, bodies: dict[str, str]) -> Values:
    """Return a story's row.

    Parameters:
        bodies: encoded events, by event id
    """
    event = story.event
    return {
        "batch_id": batch_id,
        "story_id": story.story_id,
        "position": story.position,
        "url": story.url,
        "listed": story.listed,
        "title": story.title,
        "status": story.status.value,
        "generation": event and event.generation,
        "attempt": event and event.attempt,
        "run": event and event.run,
        "at": event and event.at,
        "event_id": event and event.event_id,
        "event": event and (bodies.get(event.event_id) or body_of(event)),
    }


def read_story(
    story_id: str, position: int, url: str, listed: bool, title: str | None, body: str | None
) -> StoryState:
    """Decode a story from its STORY_COLUMNS."""
    event = read_story_event(body) if body is not None else None
    return StoryState(story_id, position, url, event, listed, title)


def read_opened(body: str | None) -> BatchOpened | None:
    """Decode the `batch.opened` of a batch."""
    return None if body is None else BatchOpened.model_validate_json(body)


def read_failed(body: str) -> StoryFailed:
    """Decode the latest event of a failed story."""
    return StoryFailed.model_validate_json(body)


def read_cancelled(body: str) -> StoryCancelled:
    """Decode the latest event of a discarded story."""
    return StoryCancelled.model_validate_json(body)


def read_story_event(body: str) -> StoryEvent:
    """Decode the latest event of a story."""
    return _STORY_EVENTS.validate_json(body)


def read_succeeded(body: str) -> StorySucceeded:
    """Decode the latest event of a successful story."""
    return StorySucceeded.model_validate_json(body)


def read_event(body: str) -> Event:
    """Decode a stored event."""
    return _EVENTS.validate_json(body)
