"""The life of a story and of a batch: statuses, the order of events, and the one fold.

A story's state is the greatest of its events, so neither their order nor their number matters:
`max` is associative, commutative and idempotent (a join semilattice; Shapiro et al. 2011, CRDTs).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from gt_common.messages import (
    BatchOpened,
    BatchSealed,
    BatchStories,
    Event,
    StoryCancelled,
    StoryEntry,
    StoryEvent,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)


class StoryStatus(StrEnum):
    """Status of a story; the same words in every table, JSON document, event and row."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the story changes no more unless somebody replays or restores it."""
        return self in {StoryStatus.SUCCESS, StoryStatus.FAILED, StoryStatus.CANCELLED}


class BatchPhase(StrEnum):
    """State of a batch."""

    OPEN = "open"
    DONE = "done"
    DONE_WITH_FAILURES = "done_with_failures"


OrderKey = tuple[int, bool, int, int, int, datetime, str]


def status_of(event: StoryEvent) -> StoryStatus:
    """Return the status in which an event leaves its story."""
    match event:
        case StoryRequeued() | StoryReleased():
            return StoryStatus.QUEUED
        case StoryStarted() | StoryStage():
            return StoryStatus.RUNNING
        case StoryRetrying():
            return StoryStatus.RETRYING
        case StoryFailed():
            return StoryStatus.FAILED
        case StorySucceeded():
            return StoryStatus.SUCCESS
        case StoryCancelled():
            return StoryStatus.CANCELLED
        case _:
            assert_never(event)


def _phase(event: StoryEvent) -> int:
    """Return the position of an event within one run of one attempt."""
    match event:
        case StoryRequeued():
            return 0
        case StoryStarted() | StoryStage():
            return 1
        case StoryReleased():
            return 2
        case StoryRetrying():
            return 3
        case StoryFailed():
            return 4
        case StoryCancelled():
            return 5
        case StorySucceeded():
            return 6
        case _:
            assert_never(event)


def order_key(event: StoryEvent) -> OrderKey:
    """Return the sort key of a story's event; the event with the greatest key decides the story's state.

    Nothing in the same generation outranks a success; the time only orders events of the same phase.
    """
    success = isinstance(event, StorySucceeded)
    return (
        event.generation,
        success,
        event.attempt,
        event.run,
        _phase(event),
        event.at,
        event.event_id,
    )


@dataclass(frozen=True)
class StoryState:
    """A story in its batch: its line in the list and its greatest event, if there is one.

    Parameters:
        position, url: from the list; from the events while no list has arrived
        listed: whether a `batch.stories` named it
        title: from the list; None if it has none
    """

    story_id: str
    position: int
    url: str
    event: StoryEvent | None = None
    listed: bool = False
    title: str | None = None

    @property
    def status(self) -> StoryStatus:
        """The story's status; `queued` before any event."""
        return StoryStatus.QUEUED if self.event is None else status_of(self.event)


@dataclass(frozen=True)
class BatchState:
    """State of a batch after the events so far.

    Parameters:
        opened: the earliest `batch.opened`; its name and tags are the batch's
        expected: the greatest number of stories that any `batch.opened` announced
        sealed: whether the whole list is known to be published
        stories: by story id
    """

    batch_id: str
    opened: BatchOpened | None = None
    expected: int = 0
    sealed: bool = False
    stories: Mapping[str, StoryState] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Number of stories in the batch: as many as were announced or seen, whichever is more."""
        return max(self.expected, len(self.stories))

    @property
    def counts(self) -> dict[StoryStatus, int]:
        """Number of stories by status; stories announced but not yet seen count as `queued`."""
        return complete_counts(Counter(story.status for story in self.stories.values()), self.expected)

    @property
    def phase(self) -> BatchPhase:
        """Open while any story is not final, or it is not known how many there are."""
        return BatchPhase.OPEN if self.opened is None else phase_of(self.counts)


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


def apply_to_story(state: StoryState | None, event: StoryEvent) -> StoryState:
    """Fold one event into a story."""
    if state is None:
        return StoryState(event.story_id, event.position, event.url, event)
    if not state.listed and (event.position, event.url) < (state.position, state.url):
        # A URL may be spelled in two ways; the choice must not depend on which arrived first.
        state = replace(state, position=event.position, url=event.url)
    if state.event is None or order_key(event) > order_key(state.event):
        return replace(state, event=event)
    return state


def apply(state: BatchState, event: Event) -> BatchState:
    """Fold one event into a batch."""
    match event:
        case BatchOpened():
            return _apply_opened(state, event)
        case BatchStories():
            stories = dict(state.stories)
            for entry in event.stories:
                stories[entry.story_id] = _list(stories.get(entry.story_id), entry)
            return replace(state, stories=stories)
        case BatchSealed():
            return replace(state, sealed=True)
        case _:
            story = apply_to_story(state.stories.get(event.story_id), event)
            return replace(state, stories={**state.stories, event.story_id: story})


def fold(start: BatchState | str, events: Iterable[Event]) -> BatchState:
    """Fold events into a batch.

    Parameters:
        start: the state before the events, or the id of a batch without any yet
    """
    state = BatchState(start) if isinstance(start, str) else start
    for event in events:
        state = apply(state, event)
    return state


def _apply_opened(state: BatchState, event: BatchOpened) -> BatchState:
    first = state.opened
    if first is None or (event.at, event.event_id) < (first.at, first.event_id):
        first = event
    return replace(state, opened=first, expected=max(state.expected, event.total))


def _list(state: StoryState | None, entry: StoryEntry) -> StoryState:
    event = state.event if state else None
    if state and state.listed and _list_key(state) <= _list_key(entry):
        return state
    return StoryState(entry.story_id, entry.position, entry.url, event, listed=True, title=entry.title)


def _list_key(line: StoryState | StoryEntry) -> tuple[int, str, bool, str]:
    """Return the sort key of a story's line in lists, the least of which counts; one with a title is less."""
    return line.position, line.url, line.title is None, line.title or ""
