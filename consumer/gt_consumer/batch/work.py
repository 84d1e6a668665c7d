"""What a run of a batch has to do, new or going on: the events to begin with and the stories to run.

A story's state is its last event, so what is left of a killed batch is read from the ledger alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from gt_common.batches import PlacedStory, list_events, place_stories, story_message
from gt_common.lifecycle import BatchState, StoryState, StoryStatus
from gt_common.messages import (
    GT_BATCH,
    MAX_ERRORS,
    AttemptError,
    BatchOpened,
    BatchSealed,
    BatchStories,
    Event,
    Replay,
    StoryEntry,
    StoryEvent,
    StoryFailed,
    StoryMessage,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
)
from gt_common.stories import NotAStoryError, Story, canonical_url

HISTORY: Final = ("batch.stories", "story.retrying", "story.requeued")
"""The types of events that, with the standing ones, tell all of a batch's stories."""

Due = tuple[StoryMessage, float]


@dataclass(frozen=True)
class BatchWork:
    """What is to be done.

    Parameters:
        before: what the ledger knows of the batch; None for a new one
        events: to be committed together before the first story is run
        stories: to be run, each with the seconds to wait before
    """

    batch_id: str
    before: BatchState | None
    events: tuple[Event, ...]
    stories: tuple[Due, ...]

    @property
    def total(self) -> int:
        """How many stories the batch has, with those that are to be added."""
        opened = (event.total for event in self.events if isinstance(event, BatchOpened))
        return max(self.before.total if self.before else 0, *opened, 0)


@dataclass
class _Past:
    """What happened to one story before, as far as its message carries it."""

    entry: StoryEntry | None = None
    errors: list[StoryRetrying] = field(default_factory=list)
    replays: list[StoryRequeued] = field(default_factory=list)


def begin(batch_id: str, stories: Sequence[Story], name: str | None, tags: Mapping[str, str]) -> BatchWork:
    """Plan a new batch."""
    placed = place_stories(batch_id, stories, {})
    return BatchWork(
        batch_id,
        None,
        tuple(_announcement(batch_id, placed, len(placed), name, tags)),
        tuple((story_message(batch_id, one), 0.0) for one in placed),
    )


def resume(state: BatchState, history: Iterable[Event], now: datetime) -> BatchWork:
    """Plan to go on with what is not final.

    A story that ran when its batch was killed goes on with the same attempt: it is handed back, unspent.

    Parameters:
        history: the batch's events of the types in HISTORY
    """
    past = _past(history)
    events: list[Event] = []
    stories: list[Due] = []
    for story in _by_position(state):
        if story.status.final:
            continue
        if isinstance(story.event, StoryStarted | StoryStage):
            events.append(_given_back(story.event, now))
        message = _message(state, story, past[story.story_id])
        stories.append((message, _delay(story.event, now)))
    return BatchWork(state.batch_id, state, tuple(events), tuple(stories))


def add(work: BatchWork, stories: Sequence[Story]) -> BatchWork:
    """Plan to run the stories of a list, too, that the batch does not have yet."""
    known = work.before.stories if work.before else {}
    places = {story.story_id: story.position for story in known.values()}
    placed = place_stories(work.batch_id, stories, places)
    new = [one for one in placed if one.story_id not in known]
    if not new:
        return work
    opened = _announcement(work.batch_id, new, len(known) + len(new), None, {})
    fresh = tuple((story_message(work.batch_id, one), 0.0) for one in new)
    return BatchWork(work.batch_id, work.before, (*opened, *work.events), (*work.stories, *fresh))


def retry_failed(state: BatchState, history: Iterable[Event], by: str, now: datetime) -> BatchWork:
    """Plan to run the failed stories again, as their next generation; others are left as they are.

    Parameters:
        by: who wants it, such as `user@host`
    """
    past = _past(history)
    messages = [
        _letter(state, story, past[story.story_id]).replayed(Replay(at=now, by=by))
        for story in _by_position(state)
        if story.status is StoryStatus.FAILED
    ]
    events = tuple(
        StoryRequeued(
            **message.identity(),
            at=now,
            by=by,
        )
        for message in messages
    )
    return BatchWork(state.batch_id, state, events, tuple((message, 0.0) for message in messages))


def _announcement(
    batch_id: str, placed: Sequence[PlacedStory], total: int, name: str | None, tags: Mapping[str, str]
) -> Iterator[Event]:
    yield BatchOpened(batch_id=batch_id, total=total, name=name, tags=dict(tags), made_by=GT_BATCH)
    yield from list_events(batch_id, placed, with_options=True)
    yield BatchSealed(batch_id=batch_id)


def _past(history: Iterable[Event]) -> Mapping[str, _Past]:
    past: defaultdict[str, _Past] = defaultdict(_Past)
    for event in history:
        match event:
            case BatchStories():
                for entry in event.stories:
                    past[entry.story_id].entry = entry
            case StoryRetrying():
                past[event.story_id].errors.append(event)
            case StoryRequeued():
                past[event.story_id].replays.append(event)
            case _:
                continue
    return past


def _by_position(state: BatchState) -> list[StoryState]:
    return sorted(state.stories.values(), key=lambda story: (story.position, story.story_id))


def _given_back(event: StoryStarted | StoryStage, now: datetime) -> StoryReleased:
    return StoryReleased(
        batch_id=event.batch_id,
        at=now,
        story_id=event.story_id,
        position=event.position,
        url=event.url,
        generation=event.generation,
        attempt=event.attempt,
        run=event.run,
        worker=event.worker,
        started_at=event.started_at,
        reason="stopping",
    )


def _message(state: BatchState, story: StoryState, past: _Past) -> StoryMessage:
    """Give the message that a story has come to: what a queue would hold."""
    generation = story.event.generation if story.event else 1
    attempt, run = _next_run(story.event)
    retried = [event for event in past.errors if event.generation == generation and event.attempt < attempt]
    replays = [Replay(at=event.at, by=event.by, reason=event.reason) for event in past.replays]
    return StoryMessage(
        batch_id=state.batch_id,
        story_id=story.story_id,
        position=story.position,
        url=story.url,
        canonical_url=_canonical(story.url),
        options=(past.entry.options if past.entry else None) or {},
        generation=generation,
        attempt=attempt,
        run=run,
        errors=tuple(_error(event) for event in retried[-MAX_ERRORS:]),
        replays=tuple(replays[-MAX_ERRORS:]),
    )


def _next_run(event: StoryEvent | None) -> tuple[int, int]:
    """Give the attempt and the run of it that come after a story's last event."""
    match event:
        case None | StoryRequeued():
            return 1, 0
        case StoryRetrying():
            return event.attempt + 1, 0
        case _:
            return event.attempt, event.run + 1


def _delay(event: StoryEvent | None, now: datetime) -> float:
    """Give the seconds that a story still has to wait for its next attempt or for a provider."""
    until = event.until if isinstance(event, StoryRetrying | StoryReleased) else None
    return max(0.0, (until - now).total_seconds()) if until else 0.0


def _letter(state: BatchState, story: StoryState, past: _Past) -> StoryMessage:
    event = story.event
    if isinstance(event, StoryFailed) and event.letter is not None:
        return event.letter
    return _message(state, story, past)


def _error(event: StoryRetrying) -> AttemptError:
    return AttemptError(
        failure=event.failure,
        generation=event.generation,
        attempt=event.attempt,
        worker=event.worker,
        project_id=event.project_id,
        started_at=event.started_at,
        ended_at=event.at,
    )


def _canonical(url: str) -> str:
    """Give the form by which a listed story is recognised; a local one is listed by it."""
    if url.startswith("file:"):
        return url
    try:
        return canonical_url(url, Path())[1]
    except NotAStoryError:
        return url
