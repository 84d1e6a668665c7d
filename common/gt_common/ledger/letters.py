"""What is asked of the ledger about dead letters that are none at the moment: discarded or replayed ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, Select, select

from gt_common.ledger.rows import chunks, read_cancelled, read_failed, read_story_event
from gt_common.ledger.schema import batches, events, stories
from gt_common.lifecycle import StoryStatus
from gt_common.messages import StoryCancelled, StoryEvent, StoryMessage

_OPEN = [status.value for status in StoryStatus if not status.final]


def read_cancelled_stories(
    connection: Connection, batch_id: str | None, story_id: str | None
) -> list[StoryCancelled]:
    """Give the standing events of discarded stories, oldest batch first, in the order of the list."""
    query = _standing(batch_id, story_id).where(stories.c.status == StoryStatus.CANCELLED.value)
    return [read_cancelled(body) for body in connection.execute(query).scalars()]


def read_replayed_stories(
    connection: Connection, batch_id: str | None, story_id: str | None
) -> list[tuple[StoryEvent, StoryMessage]]:
    """Give what stands of each replayed story without an outcome, and the letter of the generation before.

    Stories of a batch that ran without the broker never had a letter and are not among them.
    """
    query = _standing(batch_id, story_id).where(stories.c.status.in_(_OPEN), stories.c.generation > 1)
    standing = [read_story_event(body) for body in connection.execute(query).scalars()]
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


def _standing(batch_id: str | None, story_id: str | None) -> Select[str]:
    query = (
        select(stories.c.event)
        .join(batches, batches.c.batch_id == stories.c.batch_id)
        .order_by(batches.c.since, stories.c.batch_id, stories.c.position)
    )
    if batch_id is not None:
        query = query.where(stories.c.batch_id == batch_id)
    return query if story_id is None else query.where(stories.c.story_id == story_id)


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
