"""Writes events into the tables, each once; only gt_common.lifecycle folds them.

Everything runs as the only writer (Database.writing), so what is read here is valid until the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self, cast, get_args

from sqlalchemy import Connection, func, update

from gt_common import lifecycle
from gt_common.ledger.bulk import bulk
from gt_common.ledger.bulk_rows import Bulk, Row, StoryKey
from gt_common.ledger.counts import CountChanges
from gt_common.ledger.fleet import keep_fleet_events
from gt_common.ledger.pruning.late import drop_late
from gt_common.ledger.rows import (
    BatchRow,
    batch_event_row,
    batch_row,
    body_of,
    read_batch_rows,
    story_event_row,
    story_row,
)
from gt_common.ledger.schema import batches, events, stories
from gt_common.ledger.stored import read_story
from gt_common.ledger.watch import Watch
from gt_common.lifecycle import StoryState
from gt_common.messages import (
    BatchEvent,
    BatchOpened,
    BatchPaused,
    BatchResumed,
    BatchSealed,
    BatchStories,
    Event,
    FleetEvent,
    StoryEvent,
    StorySpent,
)

_Event = BatchEvent | StoryEvent | StorySpent
_Head = BatchOpened | BatchSealed | BatchPaused | BatchResumed
_Spent = dict[str, tuple[int, int]]
"""By batch: by how much the cost of its stories, and the part that made no video, have changed."""
# By type: `isinstance` takes microseconds for each class of pydantic that an event is none of.
_HEADS: Final = frozenset(get_args(_Head))
_OF_FLEET: Final = frozenset(get_args(FleetEvent))


@dataclass
class _Unseen:
    """New events, by what they are about; the order among them does not matter to the fold."""

    heads: list[_Head]
    lists: list[BatchStories]
    of_stories: list[StoryEvent | StorySpent]

    @classmethod
    def of(cls, given: Iterable[_Event]) -> Self:
        """Return events by what they are about."""
        heads: list[_Event] = []
        lists: list[_Event] = []
        of_stories: list[_Event] = []
        for event in given:
            kind = type(event)
            (lists if kind is BatchStories else heads if kind in _HEADS else of_stories).append(event)
        return cls(
            cast("list[_Head]", heads),
            cast("list[BatchStories]", lists),
            cast("list[StoryEvent | StorySpent]", of_stories),
        )


def take(connection: Connection, given: Sequence[Event], watch: Watch | None = None) -> int:
    """Write events; return how many of them were new. Those of pruned batches are dropped.

    Parameters:
        watch: writes the notifications that they give rise to
    """
    of_batches: list[_Event] = []
    of_fleet: list[FleetEvent] = []
    for event in given:
        if type(event) in _OF_FLEET:
            of_fleet.append(cast("FleetEvent", event))
        else:
            of_batches.append(cast("_Event", event))
    changes = CountChanges()
    taken = _take_of_batches(connection, of_batches, changes, watch)
    kept = keep_fleet_events(connection, of_fleet)
    if taken or kept:
        changes.write(connection)
    if watch and taken:
        watch.write(connection)
    return taken + kept


def _take_of_batches(
    connection: Connection, given: Sequence[_Event], changes: CountChanges, watch: Watch | None
) -> int:
    access = bulk(connection)
    fresh = _fresh(access, given)
    if not fresh:
        return 0
    rows = read_batch_rows(connection, list(dict.fromkeys(event.batch_id for event in fresh.values())))
    fresh = drop_late(connection, fresh, rows)
    if not fresh:
        return 0
    if watch:
        watch.begin()
    unseen = _Unseen.of(fresh.values())
    _save_batches(connection, access, rows, fresh.values(), unseen.heads, watch)
    stored = [*access.stored_stories(dict.fromkeys(_touched(unseen)))]
    bodies: dict[str, str] = {}
    # A database with a processor of its own stores events and stories while the next ones are made.
    with access.writing():
        access.insert(events, _event_rows(unseen, bodies))
        before = {(one.batch_id, one.story_id): read_story(*one[1:]) for one in stored}
        after = _fold_stories(before, unseen)
        spent = _save_stories(access, before, after, bodies, changes)
    _add_costs(connection, spent)
    if watch:
        watch.note_stories(before, after)
        watch.note_costs(spent)
    return len(fresh)


def _fresh(access: Bulk, given: Sequence[_Event]) -> dict[str, _Event]:
    """Return the events that are not stored yet, by id."""
    fresh: dict[str, _Event] = {}
    for event in given:
        fresh.setdefault(event.event_id, event)
    for event_id in access.stored_events(fresh):
        del fresh[event_id]
    return fresh


def _save_batches(
    connection: Connection,
    access: Bulk,
    rows: Mapping[str, BatchRow],
    fresh: Iterable[_Event],
    heads: Iterable[_Head],
    watch: Watch | None,
) -> None:
    """Fold what concerns the batches themselves, and write those that are new or changed.

    Parameters:
        rows: those of the events' batches that exist
    """
    since: dict[str, datetime] = {}
    for event in fresh:
        name, at = event.batch_id, event.at
        if name not in since or at < since[name]:
            since[name] = at
    of_batch: dict[str, list[Event]] = defaultdict(list)
    for head in heads:
        of_batch[head.batch_id].append(head)
    new: list[Row] = []
    for name, first in since.items():
        row, after = rows.get(name), None
        if row is None:
            after = lifecycle.fold(name, of_batch[name])
            new.append((*batch_row(after, first), None, None))
        elif name in of_batch or first < row.since:
            after = lifecycle.fold(row.state({}), of_batch[name])
            # Without the sums of costs, which are last and have not changed.
            values = zip(batches.c.keys(), batch_row(after, min(first, row.since)), strict=False)
            connection.execute(update(batches).where(batches.c.batch_id == name).values(dict(values)))
        if watch:
            watch.note_head(name, row, after or row)
    if new:
        access.insert(batches, new)


def _event_rows(unseen: _Unseen, bodies: dict[str, str]) -> Iterator[Row]:
    """Yield the rows of events; put the encoded events into `bodies`, by event id."""
    for about_batch in (*unseen.heads, *unseen.lists):
        body = bodies[about_batch.event_id] = body_of(about_batch)
        yield batch_event_row(about_batch, body)
    for event in unseen.of_stories:
        body = bodies[event.event_id] = body_of(event)
        yield story_event_row(event, body)


def _fold_stories(before: Mapping[StoryKey, StoryState], unseen: _Unseen) -> dict[StoryKey, StoryState]:
    """Fold the events into the stories that they affect.

    Parameters:
        before: those of the stories that are stored
    """
    after = dict(before)
    for part in unseen.lists:
        for entry in part.stories:
            key = (part.batch_id, entry.story_id)
            after[key] = lifecycle.list_story(after.get(key), entry)
    for event in unseen.of_stories:
        key = (event.batch_id, event.story_id)
        after[key] = lifecycle.apply_to_story(after.get(key), event)
    return after


def _save_stories(
    access: Bulk,
    before: Mapping[StoryKey, StoryState],
    after: Mapping[StoryKey, StoryState],
    bodies: Mapping[str, str],
    changes: CountChanges,
) -> _Spent:
    """Write the stories that are new or changed.

    Returns:
        by how much the costs of batches have changed
    """
    spent: _Spent = {}

    def rows(keys: Iterable[StoryKey]) -> Iterator[Row]:
        for key in keys:
            known, story = before.get(key), after[key]
            changes.note(key[0], known, story)
            if story.costs.runs:
                _add_difference(spent, key[0], lifecycle.cost_difference(known, story))
            yield story_row(key[0], story, bodies)

    new = [key for key in after if key not in before]
    changed = [key for key, story in before.items() if after[key] is not story]
    if new:
        access.insert(stories, rows(new))
    if changed:
        access.replace(stories, changed, rows(changed))
    return spent


def _add_difference(spent: _Spent, batch_id: str, more: tuple[int, int]) -> None:
    cost, wasted = spent.get(batch_id, (0, 0))
    spent[batch_id] = (cost + more[0], wasted + more[1])


def _add_costs(connection: Connection, spent: _Spent) -> None:
    """Add to the sums of batches by how much the costs of their stories have changed."""
    for batch_id, (cost, wasted) in spent.items():
        sums = {
            "cost": func.coalesce(batches.c.cost, 0) + cost,
            "cost_wasted": func.coalesce(batches.c.cost_wasted, 0) + wasted,
        }
        connection.execute(update(batches).where(batches.c.batch_id == batch_id).values(sums))


def _touched(unseen: _Unseen) -> Iterator[StoryKey]:
    for part in unseen.lists:
        yield from ((part.batch_id, entry.story_id) for entry in part.stories)
    for event in unseen.of_stories:
        yield event.batch_id, event.story_id
