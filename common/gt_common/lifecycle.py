"""The life of a story and of a batch: statuses, the order of events, and the one fold.

A story's state is the greatest of its events, so neither their order nor their number matters:
`max` is associative, commutative and idempotent (a join semilattice; Shapiro et al. 2011, CRDTs).
The fold of a story is pure. A batch is its stories and their counts; one event changes one story, so it
costs the same in a batch of any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar, cast

from gt_common import messages
from gt_common.messages.costs import NO_COSTS, Costs, costs_after, wasted
from gt_common.messages.statuses import BatchPhase as BatchPhase
from gt_common.messages.statuses import StoryStatus as StoryStatus

if TYPE_CHECKING:  # who only counts stories needs none of these models
    from gt_common.messages import (
        BatchHold,
        BatchOpened,
        Event,
        FleetHold,
        Paused,
        StopRules,
        StoryCancelled,
        StoryEntry,
        StoryEvent,
        StorySpent,
    )

OrderKey = tuple[int, int, int, int, int, datetime, str]


_CANCEL: Final = 1
_CANCEL_WITH_LETTER: Final = 2
"""Of two cancels the one with the letter counts, because only that can be restored."""
_SUCCESS: Final = 3

_PLACES: Final[Mapping[str, tuple[StoryStatus, int, int]]] = {
    "story.requeued": (StoryStatus.QUEUED, 0, 0),
    "story.started": (StoryStatus.RUNNING, 0, 1),
    "story.stage": (StoryStatus.RUNNING, 0, 1),
    "story.released": (StoryStatus.QUEUED, 0, 2),
    "story.retrying": (StoryStatus.RETRYING, 0, 3),
    "story.failed": (StoryStatus.FAILED, 0, 4),
    "story.cancelled": (StoryStatus.CANCELLED, _CANCEL, 5),
    "story.succeeded": (StoryStatus.SUCCESS, _SUCCESS, 6),
}
"""Of each kind of event: the status in which it leaves its story, its rank, and its place within a run.

The rank counts within a generation and before the attempt, the place within one run of one attempt.
"""


def status_of(event: StoryEvent) -> StoryStatus:
    """Return the status in which an event leaves its story."""
    return _PLACES[event.type][0]


def order_key(event: StoryEvent) -> OrderKey:
    """Return the sort key of a story's event; the event with the greatest key decides the story's state.

    Within a generation nothing outranks a success, and only that undoes a cancel: attempts of workers that
    have not heard of it yet do not count. The time only orders events of the same phase.
    """
    _, rank, place = _PLACES[event.type]
    if rank == _CANCEL and isinstance(event, messages.StoryCancelled) and event.letter is not None:
        rank = _CANCEL_WITH_LETTER
    return event.generation, rank, event.attempt, event.run, place, event.at, event.event_id


Hold = TypeVar("Hold", bound="BatchHold | FleetHold")


def later_hold(one: Hold | None, other: Hold) -> Hold:
    """Return the one of two events about pauses that counts: the greatest revision, time and id."""
    return other if one is None or _hold_key(other) > _hold_key(one) else one


def _hold_key(hold: BatchHold | FleetHold) -> tuple[int, datetime, str]:
    return hold.revision, hold.at, hold.event_id


def pause_of(
    opened: BatchOpened | None, phase: BatchPhase, hold: BatchHold | None, fleet: FleetHold | None
) -> Paused | None:
    """Return what keeps the stories of a batch from starting: its own pause, otherwise that of the fleet.

    A batch that has ended waits for nothing, and one that gt-batch runs does not need the fleet.

    Parameters:
        hold, fleet: the event that counts about the batch, and the one about the fleet
    """
    if phase is not BatchPhase.OPEN:
        return None
    if isinstance(hold, messages.BatchPaused):
        return hold
    return fleet if isinstance(fleet, messages.FleetPaused) and not messages.is_local(opened) else None


@dataclass(frozen=True)
class StoryState:
    """A story in its batch: its line in the list and its greatest event, if there is one.

    Parameters:
        position, url: from the list; from the events while no list has arrived
        listed: whether a `batch.stories` named it
        title: from the list; None if it has none
        not_before: from the list; the story's first run starts at this time or later
        costs: what its runs have spent
    """

    story_id: str
    position: int
    url: str
    event: StoryEvent | None = None
    listed: bool = False
    title: str | None = None
    not_before: datetime | None = None
    costs: Costs = NO_COSTS

    @property
    def status(self) -> StoryStatus:
        """The story's status; `queued` before any event."""
        return StoryStatus.QUEUED if self.event is None else status_of(self.event)

    @property
    def cost(self) -> int | None:
        """Millionths of the currency spent on it, by all its runs; None if none has said any."""
        return self.costs.total

    @property
    def cost_wasted(self) -> int | None:
        """The part of its cost that was spent on runs that are over and made no video."""
        return wasted(self.costs, self.event)


@dataclass
class BatchState:
    """State of a batch after the events so far; `take` folds another one into it.

    Parameters:
        opened: the earliest `batch.opened`; its name and tags are the batch's
        expected: the greatest number of stories that any `batch.opened` announced
        sealed: whether the whole list is known to be published
        stories: by story id; only `take` changes them
        rules: the stop rules; None if no event has set one
        hold: the event that counts of those that paused or resumed the batch
        fleet: the same of the whole fleet
        cost, cost_wasted: millionths of the currency spent on its stories, and the part of it that made no
            video; None if no run has said any
    """

    batch_id: str
    opened: BatchOpened | None = None
    expected: int = 0
    sealed: bool = False
    stories: dict[str, StoryState] = field(default_factory=dict)
    rules: StopRules | None = None
    hold: BatchHold | None = None
    fleet: FleetHold | None = None
    _found: dict[StoryStatus, int] = field(init=False, repr=False, compare=False)
    cost: int | None = field(init=False, default=None)
    cost_wasted: int | None = field(init=False, default=None)
    _running: dict[str, StoryState] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._found = dict.fromkeys(StoryStatus, 0)
        for story in self.stories.values():
            self._count(None, story)

    @property
    def total(self) -> int:
        """Number of stories in the batch: as many as were announced or seen, whichever is more."""
        return max(self.expected, len(self.stories))

    @property
    def counts(self) -> dict[StoryStatus, int]:
        """Number of stories by status; stories announced but not yet seen count as `queued`."""
        return complete_counts(self._found, self.expected)

    @property
    def phase(self) -> BatchPhase:
        """Open while any story is not final, or it is not known how many there are."""
        return BatchPhase.OPEN if self.opened is None else phase_of(self.counts)

    @property
    def paused(self) -> Paused | None:
        """The pause of the batch, or of the fleet, that keeps its stories from starting."""
        return pause_of(self.opened, self.phase, self.hold, self.fleet)

    @property
    def running(self) -> list[StoryState]:
        """The running stories, by position."""
        # Copied at once: a display asks from another thread.
        stories = [*self._running.values()]
        return sorted(stories, key=lambda story: (story.position, story.story_id))

    def take(self, event: Event) -> bool:
        """Fold one event into the batch, in place; return whether that changed it."""
        match event:
            case messages.BatchOpened():
                return self._open(event)
            case messages.BatchStories():
                return sum(map(self._list, event.stories)) > 0
            case messages.BatchSealed():
                new, self.sealed = not self.sealed, True
                return new
            case messages.BatchPaused() | messages.BatchResumed():
                return self._hold(event)
            case messages.FleetPaused() | messages.FleetResumed():
                standing, self.fleet = self.fleet, later_hold(self.fleet, event)
                return self.fleet is not standing
            case _:
                before = self.stories.get(event.story_id)
                return self._put(before, apply_to_story(before, event))

    def _open(self, event: BatchOpened) -> bool:
        before, first = (self.opened, self.expected, self.rules), self.opened
        if first is None or (event.at, event.event_id) < (first.at, first.event_id):
            self.opened = event
        self.expected = max(self.expected, event.total)
        self.rules = messages.rules_after(self.rules, event)
        return (self.opened, self.expected, self.rules) != before

    def _hold(self, event: BatchHold) -> bool:
        before = self.hold, self.rules
        self.hold = later_hold(self.hold, event)
        if isinstance(event, messages.BatchResumed):
            self.rules = messages.rules_after(self.rules, event)
        return (self.hold, self.rules) != before

    def _list(self, entry: StoryEntry) -> bool:
        before = self.stories.get(entry.story_id)
        return self._put(before, list_story(before, entry))

    def _put(self, before: StoryState | None, after: StoryState) -> bool:
        if after is before:
            return False
        self.stories[after.story_id] = after
        self._count(before, after)
        return True

    def _count(self, before: StoryState | None, after: StoryState) -> None:
        if before is not None:
            self._found[before.status] -= 1
        if after.costs.runs:
            spent, lost = cost_difference(before, after)
            self.cost = (self.cost or 0) + spent
            self.cost_wasted = (self.cost_wasted or 0) + lost
        status = after.status
        self._found[status] += 1
        if status is StoryStatus.RUNNING:
            self._running[after.story_id] = after
        else:
            self._running.pop(after.story_id, None)


def complete_counts(found: Mapping[StoryStatus, int], expected: int) -> dict[StoryStatus, int]:
    """Return the count of every status; stories announced but not yet seen count as `queued`."""
    counts = {status: found.get(status, 0) for status in StoryStatus}
    counts[StoryStatus.QUEUED] += max(0, expected - sum(counts.values()))
    return counts


def phase_of(counts: Mapping[StoryStatus, int]) -> BatchPhase:
    """Return a batch's phase from the counts of its stories; a batch without stories is open."""
    total = sum(counts.values())
    if not total or any(count for status, count in counts.items() if not status.final):
        return BatchPhase.OPEN
    return BatchPhase.DONE if counts[StoryStatus.SUCCESS] == total else BatchPhase.DONE_WITH_FAILURES


def cost_difference(before: StoryState | None, after: StoryState) -> tuple[int, int]:
    """Return by how much a story's cost and its wasted part have changed, in millionths."""
    cost, wasted = (before.cost, before.cost_wasted) if before else (None, None)
    return (after.cost or 0) - (cost or 0), (after.cost_wasted or 0) - (wasted or 0)


def apply_to_story(state: StoryState | None, event: StoryEvent | StorySpent) -> StoryState:
    """Fold one event into a story."""
    decides = cast("StoryEvent", event) if event.type in _PLACES else None
    if state is None:
        return _add_cost(StoryState(event.story_id, event.position, event.url, decides), event)
    if not state.listed and (event.position, event.url) < (state.position, state.url):
        # A URL may be spelled in two ways; the choice must not depend on which arrived first.
        state = replace(state, position=event.position, url=event.url)
    state = _add_cost(state, event)
    if decides is None or (state.event is not None and order_key(decides) <= order_key(state.event)):
        return state
    # Not by `replace`, which takes twice as long: this happens for nearly every event.
    line = (state.story_id, state.position, state.url)
    return StoryState(*line, decides, state.listed, state.title, state.not_before, state.costs)


def _add_cost(state: StoryState, event: StoryEvent | StorySpent) -> StoryState:
    costs = costs_after(state.costs, event)
    return state if costs is state.costs else replace(state, costs=costs)


def ended_at(event: StoryEvent) -> datetime:
    """Return when an event ended its story; discarding a dead letter later does not make its batch longer."""
    return (died(event) if isinstance(event, messages.StoryCancelled) else None) or event.at


def died(event: StoryCancelled) -> datetime | None:
    """Return when a discarded dead letter died; None for a story that was cancelled before."""
    return event.letter.died_at if event.letter else None


def list_story(state: StoryState | None, entry: StoryEntry) -> StoryState:
    """Fold one line of a batch's list into a story."""
    event = state.event if state else None
    if state and state.listed and _list_key(state) <= _list_key(entry):
        return state
    return StoryState(
        entry.story_id,
        entry.position,
        entry.url,
        event,
        listed=True,
        title=entry.title,
        not_before=entry.not_before,
        costs=state.costs if state else NO_COSTS,
    )


def apply(state: BatchState, event: Event) -> BatchState:
    """Return a batch after one more event; the given state stays as it is."""
    return fold(state, [event])


def fold(start: BatchState | str, events: Iterable[Event]) -> BatchState:
    """Return a batch after more events; the given state stays as it is.

    Parameters:
        start: the state before the events, or the id of a batch without any yet
    """
    state = BatchState(start) if isinstance(start, str) else replace(start, stories=dict(start.stories))
    for event in events:
        state.take(event)
    return state


def _list_key(line: StoryState | StoryEntry) -> tuple[int, str, bool, str, float]:
    """Return the sort key of a story's line in lists, the least of which counts; one with a title is less."""
    starts = line.not_before.timestamp() if line.not_before else 0.0
    return line.position, line.url, line.title is None, line.title or "", starts
