"""Writes events into the tables, each once; only gt_common.lifecycle folds them.

Everything runs as the only writer (Database.writing), so what is read here is valid until the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, update

from gt_common import lifecycle
from gt_common.ledger.bulk import Bulk, Row, StoryKey, bulk
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


@dataclass
class _Unseen:
    """New events, by what they are about; the order among them does not matter to the fold."""

    heads: list[_Head] = field(default_factory=list)
    lists: list[BatchStories] = field(default_factory=list)
    of_stories: list[StoryEvent | StorySpent] = field(default_factory=list)

    def add(self, event: _Event) -> None:
        """Add an event; the most frequent ones are checked for last, because their check is the cheapest."""
        match event:
            case BatchStories():
                self.lists.append(event)
            case BatchOpened() | BatchSealed() | BatchPaused() | BatchResumed():
                self.heads.append(event)
            case _:
                self.of_stories.append(event)


def take(connection: Connection, given: Sequence[Event], watch: Watch | None = None) -> int:
    """Write events; return how many of them were new. Those of pruned batches are dropped.

    Parameters:
        watch: writes the notifications that they give rise to
    """
    of_batches: list[_Event] = []
    of_fleet: list[FleetEvent] = []
    for event in given:
        if isinstance(event, FleetEvent):
            of_fleet.append(event)
        else:
            of_batches.append(event)
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
    bodies = {event_id: body_of(event) for event_id, event in fresh.items()}
    unseen = _Unseen()
    for event in fresh.values():
        unseen.add(event)
    _save_batches(connection, access, rows, fresh.values(), unseen.heads, watch)
    spent = _save_stories(access, unseen, bodies, changes, watch)
    _add_costs(connection, spent)
    if watch:
        watch.note_costs(spent)
    of_batches = (batch_event_row(event, bodies[event.event_id]) for event in (*unseen.heads, *unseen.lists))
    of_stories = (story_event_row(event, bodies[event.event_id]) for event in unseen.of_stories)
    access.insert(events, [*of_batches, *of_stories])
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
    access.insert(batches, new)


def _save_stories(
    access: Bulk, unseen: _Unseen, bodies: Mapping[str, str], changes: CountChanges, watch: Watch | None
) -> _Spent:
    """Fold the events into the stories that they affect, and write those that are new or changed.

    Returns:
        by how much the costs of batches have changed
    """
    before = {
        (stored.batch_id, stored.story_id): read_story(*stored[1:])
        for stored in access.stored_stories(dict.fromkeys(_touched(unseen)))
    }
    after = dict(before)
    for part in unseen.lists:
        for entry in part.stories:
            key = (part.batch_id, entry.story_id)
            after[key] = lifecycle.list_story(after.get(key), entry)
    for event in unseen.of_stories:
        key = (event.batch_id, event.story_id)
        after[key] = lifecycle.apply_to_story(after.get(key), event)
    new: list[Row] = []
    changed: list[Row] = []
    spent: _Spent = {}
    for key, story in after.items():
        known = before.get(key)
        if story is not known:
            (new if known is None else changed).append(story_row(key[0], story, bodies))
            changes.note(key[0], known, story)
            if story.costs.runs:
                _add_difference(spent, key[0], lifecycle.cost_difference(known, story))
    access.insert(stories, new)
    access.replace(stories, changed)
    if watch:
        watch.note_stories(before, after)
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
