"""Queries that read dead letters by their keys, so that a command holds a page of them and not all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from gt_common.ledger.letter_index import HAS_LETTER, HAS_NO_LETTER
from gt_common.ledger.plain import Plain, marks, parts
from gt_common.ledger.queries.kept_counts import are_counts_kept
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
    chosen, given = _chosen(plain, status, batch_id, HAS_LETTER if with_letter else HAS_NO_LETTER)
    if group is not None:
        chosen += f" AND {plain.json_text('event', 'failure', 'fingerprint')} = ?"
        given = [*given, group]
    names: dict[str, str] = {}  # one text per batch, not one per letter
    return [
        (names.setdefault(batch, batch), story, generation)
        for batch, story, generation in plain.rows(f"{_KEYS} {chosen} {_NEWEST_FIRST}", *given)
    ]


def read_newest_letters(
    plain: Plain, status: StoryStatus, batch_id: str | None, limit: int
) -> tuple[list[LetterKey], int]:
    """Return the first of the stories at a status that have a letter, and how many have one."""
    chosen, given = _chosen(plain, status, batch_id, HAS_LETTER)
    found = plain.rows(f"{_KEYS} {chosen} {_NEWEST_FIRST} LIMIT ?", *given, limit)
    keys = [(batch, story, generation) for batch, story, generation in found]
    return keys, len(keys) if len(keys) < limit else count_letters(plain, status, batch_id)


def count_letters(plain: Plain, status: StoryStatus, batch_id: str | None) -> int:
    """Return how many stories at a status have a letter, of those that were published through a broker.

    All but a few have one, so that these are counted, and not the others.
    """
    counted = "count(*) FROM gt_stories"
    if not are_counts_kept(plain):
        return _number(plain, counted, *_chosen(plain, status, batch_id, HAS_LETTER))
    stories = _number(plain, "sum(number) FROM gt_counts", *_chosen(plain, status, batch_id))
    return stories - _number(plain, counted, *_chosen(plain, status, batch_id, HAS_NO_LETTER))


_KEYS: Final = "SELECT batch_id, story_id, generation FROM gt_stories"
_NEWEST_FIRST: Final = "ORDER BY at DESC, story_id DESC"


def _number(plain: Plain, what: str, chosen: str, given: list[str]) -> int:
    [[number]] = plain.rows(f"SELECT {what} {chosen}", *given)
    return int(number or 0)


def _chosen(
    plain: Plain, status: StoryStatus, batch_id: str | None, more: str = "true"
) -> tuple[str, list[str]]:
    """Return a condition on stories, or their counts, and its values: those published through a broker.

    Parameters:
        more: what must hold besides
    """
    of_batch = "" if batch_id is None else " AND batch_id = ?"
    local = f"{_MAYBE_LOCAL} AND {plain.json_text('opened', 'made_by')} = '{GT_BATCH}'"
    published = f"batch_id NOT IN (SELECT batch_id FROM gt_batches WHERE {local})"  # noqa: S608
    condition = f"WHERE status = ? AND {more}{of_batch} AND {NOT_PRUNED} AND {published}"
    return condition, [value for value in (status.value, batch_id) if value is not None]


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
