"""The report of a batch: the public JSON document as frozen models, built from the state of the batch."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from gt_common.failures import Failure
from gt_common.lifecycle import BatchPhase, BatchState, StoryState, StoryStatus
from gt_common.messages import (
    Identifier,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StorySucceeded,
)
from gt_common.report.eta import eta_range


class _Document(BaseModel):
    """A frozen document; unknown keys of later minor versions are ignored when a saved report is read."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class VideoFailure(_Document):
    """Why the last attempt at a story failed: what programs need to decide what to do."""

    type: str
    message: str
    stage: str | None
    retryable: bool
    fingerprint: str


class VideoResult(_Document):
    """The result of one story.

    Parameters:
        stage: stage of a running story, or what a waiting one waits for; a failure has its own in `failure`
        error: why the last attempt failed, as a text for people; None for a story that has not failed
        failure: the same with its details
        attempts: attempts in this generation, including the running one
        duration_s: seconds of the last attempt; of a running one, so far
        video_s: length of the video in seconds
        title: None if it was not known when the list was read
    """

    story_id: str
    position: int
    url: str
    project_id: str | None
    status: StoryStatus
    stage: str | None
    error: str | None
    failure: VideoFailure | None
    attempts: int
    generation: int
    worker: str | None
    output_path: Path | None
    duration_s: float | None
    video_s: float | None
    title: str | None = None


class FailureGroup(_Document):
    """Failed stories with one cause: same stage, error type and, except for numbers and names, message."""

    fingerprint: str
    count: int
    stage: str | None
    error_type: str
    sample: str
    stories: tuple[str, ...]


class BatchResult(_Document):
    """The report of a batch; its keys and their order are the public contract.

    Parameters:
        results: by position; announced stories without any event yet count as queued and are not listed
        duration_s: seconds from opening to the end, or until now while open
        eta_s: middle of the estimated range of seconds left; None if done or not yet known
        made_by: the program that runs the batch by itself, for the next commands; not part of the document
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    batch_id: Identifier
    name: str | None
    tags: dict[str, str]
    state: BatchPhase
    total: int
    queued: int
    running: int
    retrying: int
    successful: int
    failed: int
    cancelled: int
    opened_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_s: float | None
    eta_s: float | None
    failure_groups: tuple[FailureGroup, ...]
    results: tuple[VideoResult, ...]
    made_by: str | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _sums_hold(self) -> Self:
        parts = self.queued + self.running + self.retrying + self.successful + self.failed + self.cancelled
        if parts != self.total:
            raise ValueError(f"the counts sum up to {parts}, the total is {self.total}")
        return self

    @property
    def finished(self) -> int:
        """Number of stories with a final status."""
        return self.successful + self.failed + self.cancelled

    def to_json(self) -> str:
        """Return the document as indented JSON, with times in UTC (`Z`)."""
        return self.model_dump_json(indent=2)


def build_report(state: BatchState, now: datetime) -> BatchResult:
    """Build the report of a batch.

    Parameters:
        state: fold of its events
        now: aware time; `stage` names the time that a waiting story waits for in its zone
    """
    stories = sorted(state.stories.values(), key=lambda story: (story.position, story.story_id))
    counts = state.counts
    is_open = state.phase is BatchPhase.OPEN
    eta = eta_range(state, now) if is_open else None
    opened_at = state.opened.at.astimezone(UTC) if state.opened else None
    ends = [_ended_at(story.event) for story in stories if story.event]
    finished_at = None if is_open or not ends else max(ends).astimezone(UTC)
    return BatchResult(
        batch_id=state.batch_id,
        name=state.opened.name if state.opened else None,
        tags=dict(state.opened.tags) if state.opened else {},
        state=state.phase,
        total=state.total,
        queued=counts[StoryStatus.QUEUED],
        running=counts[StoryStatus.RUNNING],
        retrying=counts[StoryStatus.RETRYING],
        successful=counts[StoryStatus.SUCCESS],
        failed=counts[StoryStatus.FAILED],
        cancelled=counts[StoryStatus.CANCELLED],
        opened_at=opened_at,
        finished_at=finished_at,
        duration_s=_seconds(opened_at, finished_at or now),
        eta_s=round(sum(eta) / 2, 1) if eta else None,
        failure_groups=_groups(stories),
        results=tuple(_result(story, now) for story in stories),
        made_by=state.opened.made_by if state.opened else None,
    )


def _result(story: StoryState, now: datetime) -> VideoResult:
    event = story.event
    success = event if isinstance(event, StorySucceeded) else None
    failure = event.failure if isinstance(event, StoryFailed | StoryRetrying) else None
    ended = event if isinstance(event, StorySucceeded | StoryFailed | StoryRetrying) else None
    duration = ended.duration_s if ended else None
    if event is not None and story.status is StoryStatus.RUNNING:
        duration = _seconds(event.started_at or event.at, now)
    return VideoResult(
        story_id=story.story_id,
        position=story.position,
        url=story.url,
        project_id=ended.project_id if ended else None,
        status=story.status,
        stage=_stage(event, now),
        error=failure and (failure.message or failure.type),
        failure=_failure(failure),
        attempts=_attempts(event),
        generation=event.generation if event else 1,
        worker=event.worker if event else None,
        output_path=Path(success.output_path) if success and success.output_path else None,
        duration_s=_rounded(duration),
        video_s=_rounded(success.video_s) if success else None,
        title=story.title,
    )


def _ended_at(event: StoryEvent) -> datetime:
    """Return when a story ended; discarding it later does not make its batch longer."""
    if isinstance(event, StoryCancelled) and event.letter.died_at is not None:
        return event.letter.died_at
    return event.at


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _stage(event: StoryEvent | None, now: datetime) -> str | None:
    if isinstance(event, StoryStage):
        return event.stage
    if isinstance(event, StoryReleased) and event.until and event.until > now:
        return f"waiting: {event.provider or 'a provider'} until {_clock(event.until, now)}"
    if isinstance(event, StoryRetrying) and event.until > now:
        return f"waiting: try {event.attempt + 1} at {_clock(event.until, now)}"
    return None


def _attempts(event: StoryEvent | None) -> int:
    match event:
        case None | StoryRequeued():
            return 0
        case StoryReleased():  # requeued, so the attempt is not used up
            return event.attempt - 1
        case StoryFailed() if event.letter is not None:
            return event.letter.attempts_used
        case _:
            return event.attempt


def _failure(failure: Failure | None) -> VideoFailure | None:
    if failure is None:
        return None
    return VideoFailure(
        type=failure.type,
        message=failure.message,
        stage=failure.stage,
        retryable=failure.retryable,
        fingerprint=failure.fingerprint,
    )


def _groups(stories: list[StoryState]) -> tuple[FailureGroup, ...]:
    """Group failed stories by fingerprint, largest group first; a retrying story may still succeed."""
    members: dict[str, list[StoryFailed]] = defaultdict(list)
    for story in stories:
        if isinstance(story.event, StoryFailed):
            members[story.event.failure.fingerprint].append(story.event)
    groups = [
        FailureGroup(
            fingerprint=key,
            count=len(events),
            stage=events[0].failure.stage,
            error_type=events[0].failure.type,
            sample=events[0].failure.message,
            stories=tuple(event.story_id for event in events),
        )
        for key, events in members.items()
    ]
    return tuple(sorted(groups, key=lambda group: -group.count))


def _seconds(start: datetime | None, end: datetime) -> float | None:
    return None if start is None else round(max((end - start).total_seconds(), 0.0), 3)


def _clock(when: datetime, now: datetime) -> str:
    """Format a time in the zone of `now`: `21:39`, with the date on another day, with `UTC` if that is it."""
    local = when.astimezone(now.tzinfo)
    text = f"{local:%H:%M}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M}"
    return f"{text} UTC" if now.tzinfo is UTC else text
