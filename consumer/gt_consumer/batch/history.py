"""The messages of a batch's stories, rebuilt from its events: what a queue would hold for each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gt_common.lifecycle import BatchState, StoryState
from gt_common.messages import (
    MAX_ERRORS,
    START,
    AttemptError,
    BatchStories,
    Event,
    Priority,
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
from gt_common.stories.urls import canonical_of

HISTORY: Final = ("batch.stories", "story.retrying", "story.requeued")
"""The types of events that, together with each story's last event, describe all stories of a batch."""


@dataclass
class StoryHistory:
    """The earlier events of one story that its message carries."""

    entry: StoryEntry | None = None
    errors: list[StoryRetrying] = field(default_factory=list)
    replays: list[StoryRequeued] = field(default_factory=list)

    def message(self, state: BatchState, story: StoryState) -> StoryMessage:
        """Return the message for the story's next run."""
        generation = story.event.generation if story.event else 1
        attempt, run = _next_run(story.event)
        starts = story.not_before if story.event is None else None
        errors = [one for one in self.errors if one.generation == generation and one.attempt < attempt]
        replays = [Replay(at=event.at, by=event.by, reason=event.reason) for event in self.replays]
        return StoryMessage(
            batch_id=state.batch_id,
            story_id=story.story_id,
            position=story.position,
            url=story.url,
            canonical_url=canonical_of(story.url) or story.url,
            options=(self.entry.options if self.entry else None) or {},
            title=story.title,
            given=self.entry.given if self.entry else None,
            generation=generation,
            attempt=attempt,
            run=run,
            errors=tuple(_error(event) for event in errors[-MAX_ERRORS:]),
            replays=tuple(replays[-MAX_ERRORS:]),
            project_id=_project_of(story.event),
            waits=story.event.waits if isinstance(story.event, StoryReleased) else None,
            wait_error=story.event.error if isinstance(story.event, StoryReleased) else None,
            spent=story.cost or None,
            not_before=starts,
            waits_for=START if starts else None,
            priority=(self.entry.priority if self.entry else None) or Priority.NORMAL,
        )

    def dead_letter(self, state: BatchState, story: StoryState) -> StoryMessage:
        """Return the message with which the story failed."""
        event = story.event
        if isinstance(event, StoryFailed) and event.letter is not None:
            return event.letter
        return self.message(state, story)


def read_history(events: Iterable[Event]) -> Mapping[str, StoryHistory]:
    """Return the history of each story by its id, with an empty one for stories without events.

    Parameters:
        events: the batch's events of the types in HISTORY, oldest first
    """
    histories: defaultdict[str, StoryHistory] = defaultdict(StoryHistory)
    for event in events:
        match event:
            case BatchStories():
                for entry in event.stories:
                    histories[entry.story_id].entry = entry
            case StoryRetrying():
                histories[event.story_id].errors.append(event)
            case StoryRequeued():
                histories[event.story_id].replays.append(event)
            case _:
                continue
    return histories


def _next_run(event: StoryEvent | None) -> tuple[int, int]:
    """Return the attempt, and the run within it, that follow a story's last event."""
    match event:
        case None | StoryRequeued():
            return 1, 0
        case StoryRetrying():
            return event.attempt + 1, 0
        case _:
            return event.attempt, event.run + 1


def _project_of(event: StoryEvent | None) -> str | None:
    """Return the project that the story's next run resumes, as its last event knows it."""
    if isinstance(event, StoryStarted | StoryStage | StoryReleased | StoryRetrying):
        return event.project_id
    return None


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
