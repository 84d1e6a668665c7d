"""Writes events into the tables, each once; only gt_common.lifecycle folds them.

Everything runs as the only writer (Database.writing), so what is read here is valid until the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, bindparam, insert, select, update

from gt_common import lifecycle
from gt_common.ledger.rows import (
    STORY_COLUMNS,
    BatchRow,
    Values,
    batch_row,
    body_of,
    chunks,
    event_row,
    read_batch_rows,
    read_story,
    story_row,
)
from gt_common.ledger.schema import batches, events, stories, version
from gt_common.lifecycle import BatchState, StoryState
from gt_common.messages import BatchOpened, BatchSealed, BatchStories, Event

# One batch at a time: for pairs of (batch id, story id) SQLite would read the whole table.
_LOAD_STORIES = select(*STORY_COLUMNS).where(
    stories.c.batch_id == bindparam("of_batch"),
    stories.c.story_id.in_(bindparam("of_stories", expanding=True)),
)
_UPDATE_BATCH = (
    update(batches)
    .where(batches.c.batch_id == bindparam("of_batch"))
    .values({column: bindparam(column.name) for column in batches.c if not column.primary_key})
)
_UPDATE_STORY = (
    update(stories)
    .where(stories.c.batch_id == bindparam("of_batch"), stories.c.story_id == bindparam("of_story"))
    .values({column: bindparam(column.name) for column in stories.c if not column.primary_key})
)


@dataclass
class _Changes:
    """Rows to write, collected over all batches so that each table needs one statement."""

    new_batches: list[Values] = field(default_factory=list)
    batches: list[Values] = field(default_factory=list)
    new_stories: list[Values] = field(default_factory=list)
    stories: list[Values] = field(default_factory=list)


def take(connection: Connection, given: Sequence[Event]) -> int:
    """Write events; return how many of them were new."""
    unseen = _unseen(connection, given)
    if not unseen:
        return 0
    bodies = {event.event_id: body_of(event) for event in unseen}
    of_batch: dict[str, list[Event]] = defaultdict(list)
    for event in unseen:
        of_batch[event.batch_id].append(event)
    rows = read_batch_rows(connection, list(of_batch))
    changes = _Changes()
    for batch_id, group in of_batch.items():
        row = rows.get(batch_id)
        known = _load_stories(connection, batch_id, group) if row else {}
        _fold_batch(row, known, group, bodies, changes)
    _save(connection, changes)
    connection.execute(insert(events), [event_row(event, bodies[event.event_id]) for event in unseen])
    connection.execute(update(version).values(number=version.c.number + 1))
    return len(unseen)


def _unseen(connection: Connection, given: Sequence[Event]) -> list[Event]:
    fresh: dict[str, Event] = {}
    for event in given:
        fresh.setdefault(event.event_id, event)
    for ids in chunks(list(fresh)):
        seen = connection.execute(select(events.c.event_id).where(events.c.event_id.in_(ids)))
        for event_id in seen.scalars():
            del fresh[event_id]
    return list(fresh.values())


def _touched(event: Event) -> list[str]:
    match event:
        case BatchStories():
            return [entry.story_id for entry in event.stories]
        case BatchOpened() | BatchSealed():
            return []
        case _:
            return [event.story_id]


def _load_stories(connection: Connection, batch_id: str, group: Sequence[Event]) -> dict[str, StoryState]:
    """Return the known stories of a batch that these events affect, by story id."""
    touched = dict.fromkeys(story_id for event in group for story_id in _touched(event))
    known: dict[str, StoryState] = {}
    for ids in chunks(list(touched)):
        for columns in connection.execute(_LOAD_STORIES, {"of_batch": batch_id, "of_stories": ids}):
            story = read_story(*columns)
            known[story.story_id] = story
    return known


def _fold_batch(
    row: BatchRow | None,
    known: dict[str, StoryState],
    group: Sequence[Event],
    bodies: dict[str, str],
    changes: _Changes,
) -> None:
    """Fold a batch's new events into the affected part of its state, and note what changed."""
    before = row.state(known) if row else BatchState(group[0].batch_id)
    after = lifecycle.fold(before, group)
    since = min(event.at for event in group)
    if row is None:
        changes.new_batches.append(batch_row(after, since))
    elif since < row.since or replace(after, stories=before.stories) != before:
        changes.batches.append(_of_batch(batch_row(after, min(since, row.since))))
    for story_id, story in after.stories.items():
        if story_id not in before.stories:
            changes.new_stories.append(story_row(after.batch_id, story, bodies))
        elif story is not before.stories[story_id]:
            changed = _of_batch(story_row(after.batch_id, story, bodies))
            changes.stories.append(changed | {"of_story": changed.pop("story_id")})


def _of_batch(row: Values) -> Values:
    """Return a row as parameters of an update, whose names must differ from the columns."""
    return row | {"of_batch": row.pop("batch_id")}


def _save(connection: Connection, changes: _Changes) -> None:
    for statement, rows in (
        (insert(batches), changes.new_batches),
        (_UPDATE_BATCH, changes.batches),
        (insert(stories), changes.new_stories),
        (_UPDATE_STORY, changes.stories),
    ):
        if rows:
            connection.execute(statement, rows)
