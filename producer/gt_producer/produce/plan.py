"""Plan of a batch: which of its stories are published already, and which are still to be published."""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import lt
from typing import TYPE_CHECKING, overload

from gt_common.batches import PlacedStories, PlacedStory, list_events, place_stories
from gt_common.errors import UsageError
from gt_common.messages import BatchOpened
from gt_common.stories import Story, contents, story_id
from gt_common.stories.schedule import Schedule
from gt_producer.produce.journal_state import Header, JournalState
from gt_producer.produce.positions import PositionSet

if TYPE_CHECKING:
    from gt_common.messages import Event, StopRules

_PLAIN = re.compile(r"[A-Za-z0-9:/._%~-]*")
"""URLs that stand in JSON as they are."""


@dataclass(frozen=True)
class BatchPlan:
    """What is to be published.

    Parameters:
        stories: of this list, in its order
        total: number of stories in the batch, including earlier lists of the same batch
        remaining: the stories that are still to be published, by position
        before: number of stories of this list that are published already
        absent: number of stories of earlier lists that are neither published nor in this list
        rules: stop rules that are given now; None leaves those that the batch has
        schedule: when stories start and which come first; None if nothing is said of that
    """

    batch_id: str
    name: str | None
    tags: Mapping[str, str]
    stories: PlacedStories
    total: int
    remaining: Sequence[PlacedStory]
    before: int
    absent: int
    rules: StopRules | None = None
    schedule: Schedule | None = None

    def opened(self) -> BatchOpened:
        """Return the event that opens the batch, published before everything else."""
        return BatchOpened(
            batch_id=self.batch_id,
            total=self.total,
            name=self.name,
            tags=dict(self.tags),
            max_failures=self.rules.max_failures if self.rules else None,
            max_cost=self.rules.max_cost if self.rules else None,
        )

    def opening_events(self) -> Iterator[Event]:
        """Yield the events that open the batch and list its stories, published before any story."""
        yield self.opened()
        yield from list_events(self.batch_id, self.stories, self.schedule)


class Remaining(Sequence[PlacedStory]):
    """The stories of a list that are still to be published, by position.

    Parameters:
        numbers: which of the stories, from 0
    """

    def __init__(self, placed: PlacedStories, numbers: array[int]) -> None:
        self._placed = placed
        self._numbers = numbers

    @overload
    def __getitem__(self, index: int) -> PlacedStory: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PlacedStory, ...]: ...
    def __getitem__(self, index: int | slice) -> PlacedStory | tuple[PlacedStory, ...]:
        """Return one placed story, or some as a tuple."""
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        return self._placed[self._numbers[index]]

    def __len__(self) -> int:
        """Return the number of stories."""
        return len(self._numbers)


def fingerprint(stories: Sequence[Story]) -> str:
    """Return a hash that identifies the same list of stories with the same options."""
    digest = hashlib.sha256()
    for canonical, options in contents(stories):
        if options or not _PLAIN.fullmatch(canonical):
            digest.update(json.dumps([canonical, options], sort_keys=True).encode() + b"\n")
        else:  # the same, in a fifth of the time
            digest.update(f'["{canonical}", {{}}]\n'.encode())
    return digest.hexdigest()


def make_header(
    batch_id: str, namespace: str, stories: Sequence[Story], name: str | None, tags: Mapping[str, str]
) -> Header:
    """Return the journal header of a new batch."""
    return Header(batch_id, namespace, fingerprint(stories), name, tags)


def make_plan(
    wanted: Header,
    stories: Sequence[Story],
    state: JournalState,
    rules: StopRules | None = None,
    schedule: Schedule | None = None,
) -> BatchPlan:
    """Plan a batch from its list and its journal; a batch keeps its first name and tags.

    Parameters:
        rules: stop rules that are given now
        schedule: start times and priorities

    Raises:
        UsageError: the batch was published to another namespace
    """
    header = state.header or wanted
    if header.namespace != wanted.namespace:
        raise UsageError(
            f"batch {header.batch_id} was published to the namespace {header.namespace}; "
            f"set GT_NAMESPACE={header.namespace} or use another --batch-id"
        )
    placed = place_known_list(wanted, stories, state) or place_stories(
        header.batch_id, stories, state.positions
    )
    remaining = _remaining(placed, state)
    return BatchPlan(
        batch_id=header.batch_id,
        name=header.name,
        tags=header.tags,
        stories=placed,
        total=len(state.positions) + _count_new(placed, state),
        remaining=remaining,
        before=len(placed) - len(remaining),
        absent=_count_absent(placed, state),
        rules=rules,
        schedule=schedule,
    )


def place_known_list(wanted: Header, stories: Sequence[Story], state: JournalState) -> PlacedStories | None:
    """Return the stories with the ids and positions of the journal if it has just this list, else None.

    So nothing is computed again for a long list that is continued.
    """
    count = len(stories)
    if state.header is None or not state.header.same_list(wanted) or not count:
        return None
    ids = state.positions.run(count)
    # A list is recorded from its beginning, so that with its last story all are there.
    last = story_id(state.header.batch_id, stories[count - 1].canonical)
    if ids is None or f"{ids[-1]:016x}" != last:
        return None
    return PlacedStories(stories, ids, array("L", range(1, count + 1)))


def _remaining(placed: PlacedStories, state: JournalState) -> Sequence[PlacedStory]:
    ordered = _is_ascending(placed.positions)
    if not state.published and ordered:
        return placed
    last, confirmed = state.positions.last, state.confirmed
    # A position that the journal does not have yet belongs to a story that was not published.
    numbers = array(
        "L",
        (n for n, position in enumerate(placed.positions) if position > last or position not in confirmed),
    )
    if not ordered:
        numbers = array("L", sorted(numbers, key=lambda number: placed.positions[number]))
    return Remaining(placed, numbers)


def _is_ascending(positions: array[int]) -> bool:
    return all(map(lt, positions, islice(positions, 1, None)))


def _count_new(placed: PlacedStories, state: JournalState) -> int:
    last = state.positions.last
    return sum(position > last for position in placed.positions)


def _count_absent(placed: PlacedStories, state: JournalState) -> int:
    return state.positions.taken().count_outside(state.confirmed, PositionSet(placed.positions))
