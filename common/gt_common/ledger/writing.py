"""Takes events into the tables: each once, folded by gt_common.lifecycle and by nothing else.

All of it runs as the only writer (Database.writing), so what is read here stays true until the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from gt_common import lifecycle
from gt_common.ledger.rows import (
    STORY_COLUMNS,
    Values,
    body_of,
    chunks,
    event_row,
    read_batch_row,
    read_story,
    story_row,
)
from gt_common.ledger.schema import batches, events, stories, version
from gt_common.lifecycle import BatchState, StoryState
from gt_common.messages import BatchOpened, BatchSealed, BatchStories, Event

_UPDATE_STORY = (
    update(stories)
    .where(stories.c.batch_id == bindparam("of_batch"), stories.c.story_id == bindparam("of_story"))
    .values({column: bindparam(column.name) for column in stories.c if not column.primary_key})
)


def take(connection: Connection, given: Sequence[Event]) -> int:
    """Take events in; give how many of them were new."""
    unseen = _unseen(connection, given)
    if not unseen:
        return 0
    bodies = {event.event_id: body_of(event) for event in unseen}
    of_batch: dict[str, list[Event]] = defaultdict(list)
    for event in unseen:
        of_batch[event.batch_id].append(event)
    for batch_id, group in sorted(of_batch.items()):
        _fold_batch(connection, batch_id, group, bodies)
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


def _fold_batch(
    connection: Connection, batch_id: str, group: Sequence[Event], bodies: dict[str, str]
) -> None:
    """Fold a batch's new events into as much of its state as they touch, and save what changed."""
    row = read_batch_row(connection, batch_id)
    known = _load_stories(connection, batch_id, _touched(group)) if row else {}
    before = row.state(known) if row else BatchState(batch_id)
    after = before
    for event in group:
        after = lifecycle.apply(after, event)
    since = min(event.at for event in group)
    _save_batch(connection, after, since, row.since if row else None, changed=after != before)
    _save_stories(connection, before, after, bodies)


def _touched(group: Iterable[Event]) -> list[str]:
    ids: set[str] = set()
    for event in group:
        match event:
            case BatchStories():
                ids.update(entry.story_id for entry in event.stories)
            case BatchOpened() | BatchSealed():
                pass
            case _:
                ids.add(event.story_id)
    return sorted(ids)


def _load_stories(connection: Connection, batch_id: str, ids: list[str]) -> dict[str, StoryState]:
    known: dict[str, StoryState] = {}
    for part in chunks(ids):
        query = select(*STORY_COLUMNS).where(stories.c.batch_id == batch_id, stories.c.story_id.in_(part))
        known.update((row.story_id, read_story(*row)) for row in connection.execute(query))
    return known


def _save_batch(
    connection: Connection, state: BatchState, since: datetime, known_since: datetime | None, *, changed: bool
) -> None:
    values: Values = {
        "since": min(since, known_since or since),
        "expected": state.expected,
        "sealed": state.sealed,
        "opened": state.opened and body_of(state.opened),
    }
    if known_since is None:
        connection.execute(insert(batches).values(batch_id=state.batch_id, **values))
    elif changed or since < known_since:
        connection.execute(update(batches).where(batches.c.batch_id == state.batch_id).values(values))


def _save_stories(
    connection: Connection, before: BatchState, after: BatchState, bodies: dict[str, str]
) -> None:
    new: list[Values] = []
    changed: list[Values] = []
    for story_id, story in after.stories.items():
        known = before.stories.get(story_id)
        if known is None:
            new.append(story_row(after.batch_id, story, bodies))
        elif story is not known:
            row = story_row(after.batch_id, story, bodies)
            changed.append(row | {"of_batch": row.pop("batch_id"), "of_story": row.pop("story_id")})
    if new:
        connection.execute(insert(stories), new)
    if changed:
        connection.execute(_UPDATE_STORY, changed)
