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
    StopRules,
    StoryMessage,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    rules_after,
    utc_now,
)
from gt_common.stories import Story
from gt_common.stories.schedule import Schedule, Waits
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
    def rules(self) -> StopRules | None:
        """The stop rules of the batch, with those that its events set; None if it has none."""
        rules = self.before.rules if self.before else None
        for event in self.events:
            if isinstance(event, BatchOpened):
                rules = rules_after(rules, event)
        return rules

    def waits(self, now: datetime) -> Waits | None:
        """Return how many of the stories wait for a start time that is still ahead; None if none does."""
        starts = [story.starts_at for story, _ in self.stories if story.starts_at and story.starts_at > now]
        return Waits(len(starts), min(starts), max(starts)) if starts else None

    @property
    def total(self) -> int:
        """How many stories the batch has, including those that are added."""
        opened = (event.total for event in self.events if isinstance(event, BatchOpened))
        return max(self.before.total if self.before else 0, *opened, 0)


def begin(
    batch_id: str,
    stories: Sequence[Story],
    name: str | None,
    tags: Mapping[str, str],
    schedule: Schedule | None = None,
) -> BatchWork:
    """Plan a new batch; one without stories is not created.

    Parameters:
        schedule: when its stories start, and which come first
    """
    placed = place_stories(batch_id, stories, {})
    if not placed:
        return BatchWork(batch_id, None, (), ())
    opened = BatchOpened(batch_id=batch_id, total=len(placed), name=name, tags=dict(tags), made_by=GT_BATCH)
    events = tuple(_announcement(opened, placed, schedule))
    return BatchWork(batch_id, None, events, _new_stories(batch_id, placed, schedule))


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
        stories.append((message, _delay(story, now)))
    return BatchWork(state.batch_id, state, tuple(events), tuple(stories))


def add(work: BatchWork, stories: Sequence[Story], schedule: Schedule | None = None) -> BatchWork:
    """Plan to also run the stories of a list that the batch does not have yet.

    Parameters:
        schedule: when these start, and which come first
    """
    known = work.before.stories if work.before else {}
    places = {story.story_id: story.position for story in known.values()}
    placed = place_stories(work.batch_id, stories, places)
    new = [one for one in placed if one.story_id not in known]
    if not new:
        return work
    opened = BatchOpened(batch_id=work.batch_id, total=len(known) + len(new), made_by=GT_BATCH)
    events = _announcement(opened, new, schedule)
    added = _new_stories(work.batch_id, new, schedule)
    return BatchWork(work.batch_id, work.before, (*events, *work.events), (*work.stories, *added))


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


def with_rules(work: BatchWork, rules: StopRules | None) -> BatchWork:
    """Return the work with an event that sets stop rules; those that are not given stay as they are."""
    if rules is None or not work.exists:
        return work
    opened = next((event for event in work.events if isinstance(event, BatchOpened)), None)
    known = opened or (work.before.opened if work.before else None)
    setting = BatchOpened(
        batch_id=work.batch_id,
        total=work.total,
        name=known.name if known else None,
        tags=known.tags if known else {},
        made_by=GT_BATCH,
        max_failures=rules.max_failures,
        max_cost=rules.max_cost,
    )
    return replace(work, events=(setting, *(event for event in work.events if event is not opened)))


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
    opened: BatchOpened, placed: Sequence[PlacedStory], schedule: Schedule | None
) -> Iterator[Event]:
    yield opened
    yield from list_events(opened.batch_id, placed, schedule, with_options=True)
    yield BatchSealed(batch_id=opened.batch_id)


def _new_stories(
    batch_id: str, placed: Iterable[PlacedStory], schedule: Schedule | None
) -> tuple[DueStory, ...]:
    now = utc_now()
    messages = (story_message(batch_id, one, schedule) for one in placed)
    return tuple((message, _seconds_until(message.starts_at, now)) for message in messages)


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


def _delay(story: StoryState, now: datetime) -> float:
    """Return the seconds until a story's start time, its next attempt, or the end of its provider's wait."""
    event = story.event
    if event is None:
        return _seconds_until(story.not_before, now)
    return _seconds_until(event.until if isinstance(event, StoryRetrying | StoryReleased) else None, now)


def _seconds_until(time: datetime | None, now: datetime) -> float:
    return max(0.0, (time - now).total_seconds()) if time else 0.0
