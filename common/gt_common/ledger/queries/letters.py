"""Queries that read dead letters by their keys, so that a command holds a page of them and not all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from gt_common.ledger.plain import Plain, marks, parts
from gt_common.ledger.queries.tombstones import NOT_PRUNED
from gt_common.ledger.stored import read_opened, read_story_event
from gt_common.lifecycle import StoryStatus
from gt_common.messages import GT_BATCH, is_local

if TYPE_CHECKING:
    from gt_common.ledger.letter_line import LetterLine
    from gt_common.messages import StoryEvent

StoryKey = tuple[str, str]
"""Batch id and story id."""
LetterKey = tuple[str, str, int]
"""Batch id, story id and generation."""

# In the JSON of an event quotes within a text are escaped, so these can only be fields, of whatever object.
HAS_LETTER: Final = "event LIKE '%\"letter\":{%'"
_MAYBE_LOCAL: Final = f'opened LIKE \'%"made_by":"{GT_BATCH}"%\''


def read_letter_keys(
    plain: Plain,
    status: StoryStatus,
    batch_id: str | None,
    *,
    with_letter: bool,
    group: str | None = None,
) -> list[LetterKey]:
    """Return the stories at a status that were published through a broker, the latest event first.

    Parameters:
        with_letter: those whose event carries a letter; False for those whose message could not be read
        group: fingerprint of the failure of the event; None for all
    """
    of_batch = "" if batch_id is None else "AND batch_id = ?"
    if group is not None:
        of_batch += f" AND {plain.json_text('event', 'failure', 'fingerprint')} = ?"
    query = (
        "SELECT batch_id, story_id, generation FROM gt_stories "  # noqa: S608
        f"WHERE status = ? AND {'' if with_letter else 'NOT '}{HAS_LETTER} {of_batch} AND {NOT_PRUNED} "
        "ORDER BY at DESC, story_id DESC"
    )
    given = [value for value in (batch_id, group) if value is not None]
    local = read_local_batches(plain)
    names: dict[str, str] = {}  # one text per batch, not one per letter
    return [
        (names.setdefault(batch, batch), story, generation)
        for batch, story, generation in plain.rows(query, status.value, *given)
        if batch not in local
    ]


def read_newest_letters(
    plain: Plain, status: StoryStatus, batch_id: str | None, limit: int
) -> tuple[list[LetterKey], int]:
    """Return the first of the stories at a status that have a letter, and how many have one.

    Both at once, since whether a story has a letter stands in its event, and so all of them are read.
    """
    of_batch = "" if batch_id is None else "AND batch_id = ?"
    local = f"{_MAYBE_LOCAL} AND {plain.json_text('opened', 'made_by')} = '{GT_BATCH}'"
    query = (
        "WITH letters AS (SELECT batch_id, story_id, generation, at FROM gt_stories "  # noqa: S608
        f"WHERE status = ? AND {HAS_LETTER} {of_batch} AND {NOT_PRUNED} "
        f"AND batch_id NOT IN (SELECT batch_id FROM gt_batches WHERE {local})) "
        "SELECT batch_id, story_id, generation, (SELECT count(*) FROM letters) FROM letters "
        "ORDER BY at DESC, story_id DESC LIMIT ?"
    )
    given = () if batch_id is None else (batch_id,)
    rows = [*plain.rows(query, status.value, *given, limit)]
    return [(batch, story, generation) for batch, story, generation, _ in rows], rows[0][3] if rows else 0


def count_letters(plain: Plain, status: StoryStatus, batch_id: str | None) -> int:
    """Return how many stories at a status have a letter, of those that were published through a broker."""
    of_batch = "" if batch_id is None else "AND batch_id = ?"
    query = (
        "SELECT batch_id, count(*) FROM gt_stories "  # noqa: S608
        f"WHERE status = ? AND {HAS_LETTER} {of_batch} AND {NOT_PRUNED} GROUP BY batch_id"
    )
    counts = plain.rows(query, status.value, *([] if batch_id is None else [batch_id]))
    local = read_local_batches(plain)
    return sum(number for batch, number in counts if batch not in local)


def read_local_batches(plain: Plain) -> set[str]:
    """Return the batches that ran on one machine, without a broker: no queue has their letters."""
    query = f"SELECT opened FROM gt_batches WHERE {_MAYBE_LOCAL}"  # noqa: S608
    opened = (read_opened(row[0]) for row in plain.rows(query))
    return {event.batch_id for event in opened if event and is_local(event)}


def read_current_events(plain: Plain, keys: Collection[StoryKey]) -> dict[StoryKey, StoryEvent]:
    """Return the events that decide the status of some stories; those without any are left out."""
    return {key: read_story_event(body) for key, _, body in _current_bodies(plain, keys)}


def read_letter_lines(plain: Plain, keys: Collection[StoryKey]) -> dict[StoryKey, LetterLine]:
    """Return what a list shows of dead letters; stories that are no longer at `failed` are left out."""
    from gt_common.ledger.letter_line import read_letter_line  # only lists need its models

    failed = StoryStatus.FAILED.value
    # Not a condition of the query: SQLite would then look for stories by their status, which many share.
    bodies = ((key, body) for key, status, body in _current_bodies(plain, keys) if status == failed)
    lines = ((key, read_letter_line(body)) for key, body in bodies)
    return {key: line for key, line in lines if line is not None}


def _current_bodies(plain: Plain, keys: Collection[StoryKey]) -> Iterator[tuple[StoryKey, str, str]]:
    """Yield keys of stories, their status and the event that decides it, as JSON."""
    of_batch: dict[str, list[str]] = defaultdict(list)
    for batch, story in keys:
        of_batch[batch].append(story)
    for batch, stories in of_batch.items():
        for ids in parts(stories):
            query = (
                "SELECT story_id, status, event FROM gt_stories "  # noqa: S608
                f"WHERE batch_id = ? AND story_id IN ({marks(ids)}) AND event IS NOT NULL"
            )
            for story, status, event in plain.rows(query, batch, *ids):
                yield (batch, story), status, event
