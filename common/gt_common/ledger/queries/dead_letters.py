"""Queries for dead letters: current, discarded and replayed ones.

Failed stories of a batch that ran without the broker are in no queue and not included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, select

from gt_common.ledger.rows import chunks, read_cancelled, read_failed, read_opened, read_story_event
from gt_common.ledger.schema import batches, events, stories
from gt_common.lifecycle import StoryStatus
from gt_common.messages import GT_BATCH, StoryCancelled, StoryEvent, StoryFailed, StoryMessage

_OPEN = [status.value for status in StoryStatus if not status.final]


def read_failed_stories(
    connection: Connection, batch_id: str | None, story_id: str | None
) -> list[StoryFailed]:
    """Return the latest events of failed stories, oldest batch first, in the order of the list."""
    failed = stories.c.status == StoryStatus.FAILED.value
    return [read_failed(body) for body in _standing(connection, batch_id, story_id, failed)]


def read_cancelled_stories(
    connection: Connection, batch_id: str | None, story_id: str | None
) -> list[StoryCancelled]:
    """Return the latest events of discarded stories, oldest batch first, in the order of the list."""
    cancelled = stories.c.status == StoryStatus.CANCELLED.value
    return [read_cancelled(body) for body in _standing(connection, batch_id, story_id, cancelled)]


def read_replayed_stories(
    connection: Connection, batch_id: str | None, story_id: str | None
) -> list[tuple[StoryEvent, StoryMessage]]:
    """Return the latest event of each replayed story without an outcome, and the letter before its replay."""
    replayed = (stories.c.status.in_(_OPEN), stories.c.generation > 1)
    standing = [read_story_event(body) for body in _standing(connection, batch_id, story_id, *replayed)]
    of_batch: dict[str, list[str]] = defaultdict(list)
    for event in standing:
        of_batch[event.batch_id].append(event.story_id)
    letters = {
        (letter.batch_id, letter.story_id, letter.generation): letter
        for batch, ids in of_batch.items()
        for letter in _letters(connection, batch, ids)
    }
    pairs = (
        (event, letters.get((event.batch_id, event.story_id, event.generation - 1))) for event in standing
    )
    return [(event, letter) for event, letter in pairs if letter is not None]


def _standing(
    connection: Connection, batch_id: str | None, story_id: str | None, *conditions: ColumnElement[bool]
) -> list[str]:
    """Return the latest events, as JSON, of stories that were published through a broker."""
    query = (
        select(stories.c.event, stories.c.batch_id, batches.c.opened)
        .join(batches, batches.c.batch_id == stories.c.batch_id)
        .where(*conditions)
        .order_by(batches.c.since, stories.c.batch_id, stories.c.position)
    )
    if batch_id is not None:
        query = query.where(stories.c.batch_id == batch_id)
    if story_id is not None:
        query = query.where(stories.c.story_id == story_id)
    local: dict[str, bool] = {}
    found = []
    for event, batch, opened in connection.execute(query):
        if batch not in local:
            beginning = read_opened(opened)
            local[batch] = beginning is not None and beginning.made_by == GT_BATCH
        if not local[batch]:
            found.append(event)
    return found


def _letters(connection: Connection, batch_id: str, story_ids: Collection[str]) -> list[StoryMessage]:
    found: list[StoryMessage] = []
    for ids in chunks(list(story_ids)):
        query = (
            select(events.c.body)
            .where(events.c.batch_id == batch_id, events.c.type == "story.failed", events.c.story_id.in_(ids))
            .order_by(events.c.attempt, events.c.run)
        )
        failed = (read_failed(body) for body in connection.execute(query).scalars())
        found.extend(event.letter for event in failed if event.letter is not None)
    return found
