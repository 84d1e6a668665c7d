"""What a run has to do: the events to commit first, and the stories to run.

A story's state is its last event, so what is left of a killed batch is read from the ledger alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gt_common.batches import PlacedStory, list_events, place_stories, story_message
from gt_common.errors import OutputError
from gt_common.lifecycle import BatchState, StoryState, StoryStatus
from gt_common.messages import (
    GT_BATCH,
    BatchOpened,
    BatchSealed,
    Event,
    Replay,
    StoryEvent,
    StoryMessage,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
)
from gt_common.stories import Story
from gt_consumer.batch.history import read_history
from gt_consumer.storage.checkpoints import remove_checkpoint

DueStory = tuple[StoryMessage, float]
"""A story, and the seconds to wait before its run."""


@dataclass(frozen=True)
class BatchWork:
    """The work of one run.

    Parameters:
        before: the batch according to the ledger; None for a new one
        events: to be committed together before the first story is run
        stories: to be run
    """

    batch_id: str
    before: BatchState | None
    events: tuple[Event, ...]
    stories: tuple[DueStory, ...]

    @property
    def exists(self) -> bool:
        """Whether there is such a batch, or its events create it."""
        return self.before is not None or bool(self.events)

    @property
    def total(self) -> int:
        """How many stories the batch has, including those that are added."""
        opened = (event.total for event in self.events if isinstance(event, BatchOpened))
        return max(self.before.total if self.before else 0, *opened, 0)


def begin(batch_id: str, stories: Sequence[Story], name: str | None, tags: Mapping[str, str]) -> BatchWork:
    """Plan a new batch; one without stories is not created."""
    placed = place_stories(batch_id, stories, {})
    events = _announcement(batch_id, placed, len(placed), name, tags) if placed else ()
    return BatchWork(
        batch_id, None, tuple(events), tuple((story_message(batch_id, one), 0.0) for one in placed)
    )


def resume(state: BatchState, history: Iterable[Event], now: datetime) -> BatchWork:
    """Plan to run the stories that are not final.

    A story that was running when its batch was killed is released first, so it repeats the same attempt.

    Parameters:
        history: the batch's events of the types in HISTORY
    """
    histories = read_history(history)
    events: list[Event] = []
    stories: list[DueStory] = []
    for story in _by_position(state):
        if story.status.final:
            continue
        if isinstance(story.event, StoryStarted | StoryStage):
            events.append(_released(story.event, now))
        message = histories[story.story_id].message(state, story)
        stories.append((message, _delay(story.event, now)))
    return BatchWork(state.batch_id, state, tuple(events), tuple(stories))


def add(work: BatchWork, stories: Sequence[Story]) -> BatchWork:
    """Plan to also run the stories of a list that the batch does not have yet."""
    known = work.before.stories if work.before else {}
    places = {story.story_id: story.position for story in known.values()}
    placed = place_stories(work.batch_id, stories, places)
    new = [one for one in placed if one.story_id not in known]
    if not new:
        return work
    opened = _announcement(work.batch_id, new, len(known) + len(new), None, {})
    added = tuple((story_message(work.batch_id, one), 0.0) for one in new)
    return BatchWork(work.batch_id, work.before, (*opened, *work.events), (*work.stories, *added))


def retry_failed(state: BatchState, history: Iterable[Event], by: str, now: datetime) -> BatchWork:
    """Plan to run the failed stories again as their next generation; the others stay as they are.

    Parameters:
        history: the batch's events of the types in HISTORY
        by: who asked for it, such as `user@host`
    """
    histories = read_history(history)
    messages = [
        histories[story.story_id].dead_letter(state, story).replayed(Replay(at=now, by=by))
        for story in _by_position(state)
        if story.status is StoryStatus.FAILED
    ]
    events = tuple(StoryRequeued(**message.identity(), at=now, by=by) for message in messages)
    return BatchWork(state.batch_id, state, events, tuple((message, 0.0) for message in messages))


def start_over(work: BatchWork, output: Path) -> BatchWork:
    """Return the work with stories that resume no project; what is noted of their projects is removed.

    Parameters:
        output: folder of finished videos, in which begun projects are noted

    Raises:
        OutputError: a note cannot be removed
    """
    for story, _ in work.stories:
        try:
            remove_checkpoint(output.absolute(), story)
        except OSError as error:
            raise OutputError(
                f"a note in {output / '.projects'} cannot be removed: {error.strerror}"
            ) from None
    return replace(work, stories=tuple((story.resuming(None), delay_s) for story, delay_s in work.stories))


def _announcement(
    batch_id: str, placed: Sequence[PlacedStory], total: int, name: str | None, tags: Mapping[str, str]
) -> Iterator[Event]:
    yield BatchOpened(batch_id=batch_id, total=total, name=name, tags=dict(tags), made_by=GT_BATCH)
    yield from list_events(batch_id, placed, with_options=True)
    yield BatchSealed(batch_id=batch_id)


def _by_position(state: BatchState) -> list[StoryState]:
    return sorted(state.stories.values(), key=lambda story: (story.position, story.story_id))


def _released(event: StoryStarted | StoryStage, now: datetime) -> StoryReleased:
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
        project_id=event.project_id,
    )


def _delay(event: StoryEvent | None, now: datetime) -> float:
    """Return the seconds until a story's next attempt, or until its provider can be called again."""
    until = event.until if isinstance(event, StoryRetrying | StoryReleased) else None
    return max(0.0, (until - now).total_seconds()) if until else 0.0
