"""Queries for dead letters: current, discarded and replayed ones.

Failed stories of a batch that ran without the broker are in no queue and not included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from gt_common.ledger.plain import Plain, marks, parts
from gt_common.ledger.queries.letters import StoryKey, read_local_batches
from gt_common.ledger.queries.tombstones import NOT_PRUNED
from gt_common.ledger.stored import read_cancelled, read_failed, read_story_event
from gt_common.lifecycle import StoryStatus

if TYPE_CHECKING:
    from gt_common.messages import StoryCancelled, StoryEvent, StoryFailed, StoryMessage

_OPEN: Final = ", ".join(f"'{status.value}'" for status in StoryStatus if not status.final)


def read_failed_stories(plain: Plain, batch_id: str | None, story_id: str | None) -> list[StoryFailed]:
    """Return the latest events of failed stories, oldest batch first, in the order of the list."""
    failed = f"s.status = '{StoryStatus.FAILED.value}'"
    return [read_failed(body) for body in _standing(plain, batch_id, story_id, failed)]


def read_cancelled_stories(plain: Plain, batch_id: str | None, story_id: str | None) -> list[StoryCancelled]:
    """Return the latest events of discarded stories, oldest batch first, in the order of the list."""
    cancelled = f"s.status = '{StoryStatus.CANCELLED.value}'"
    return [read_cancelled(body) for body in _standing(plain, batch_id, story_id, cancelled)]


def read_replayed_stories(
    plain: Plain, batch_id: str | None, story_id: str | None
) -> list[tuple[StoryEvent, StoryMessage]]:
    """Return the latest event of each replayed story without an outcome, and the letter before its replay."""
    replayed = f"s.status IN ({_OPEN}) AND s.generation > 1"
    standing = [read_story_event(body) for body in _standing(plain, batch_id, story_id, replayed)]
    keys = ((event.batch_id, event.story_id) for event in standing)
    letters = {
        (letter.batch_id, letter.story_id, letter.generation): letter for letter in read_letters(plain, keys)
    }
    pairs = (
        (event, letters.get((event.batch_id, event.story_id, event.generation - 1))) for event in standing
    )
    return [(event, letter) for event, letter in pairs if letter is not None]


def read_letters(plain: Plain, keys: Iterable[StoryKey]) -> list[StoryMessage]:
    """Return every dead letter that some stories ever had, each story's oldest first."""
    of_batch: dict[str, list[str]] = defaultdict(list)
    for batch_id, story_id in keys:
        of_batch[batch_id].append(story_id)
    return [letter for batch, ids in of_batch.items() for letter in _letters(plain, batch, ids)]


def _standing(plain: Plain, batch_id: str | None, story_id: str | None, condition: str) -> Iterator[str]:
    """Yield the latest events, as JSON, of stories that were published through a broker."""
    given = [("s.batch_id", batch_id), ("s.story_id", story_id)]
    chosen = "".join(f" AND {column} = ?" for column, value in given if value is not None)
    query = (
        "SELECT s.event, s.batch_id FROM gt_stories AS s JOIN gt_batches AS b ON b.batch_id = s.batch_id "  # noqa: S608
        f"WHERE {condition}{chosen} AND s.{NOT_PRUNED} ORDER BY b.since, s.batch_id, s.position"
    )
    local = read_local_batches(plain)
    for event, batch in plain.rows(query, *(value for _, value in given if value is not None)):
        if batch not in local:
            yield event


def _letters(plain: Plain, batch_id: str, story_ids: Collection[str]) -> Iterator[StoryMessage]:
    for ids in parts(story_ids):
        query = (
            "SELECT body FROM gt_events WHERE batch_id = ? AND type = 'story.failed' "  # noqa: S608
            f"AND story_id IN ({marks(ids)}) ORDER BY attempt, run"
        )
        for row in plain.rows(query, batch_id, *ids):
            letter = read_failed(row[0]).letter
            if letter is not None:
                yield letter
