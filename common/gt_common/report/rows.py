"""One story of a report, from its state."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from gt_common import messages
from gt_common.failures import FailureSummary
from gt_common.ledger.unchecked_stories import UncheckedStory
from gt_common.lifecycle import StoryState, StoryStatus, died
from gt_common.money import as_number
from gt_common.report.model import VideoCancel, VideoRequeue

if TYPE_CHECKING:
    from gt_common.failures import Failure
    from gt_common.messages import StoryEvent

STARTS: Final = "starts at"
"""How the stage of a story begins that waits for its start time."""


class StoryRow(NamedTuple):
    """The result of a story as the forms of the report use it: `VideoResult` before it is checked."""

    story_id: str
    position: int
    url: str
    project_id: str | None
    status: StoryStatus
    stage: str | None
    error: str | None
    failure: FailureSummary | None
    attempts: int
    generation: int
    worker: str | None
    output_path: str | None
    duration_s: float | None
    video_s: float | None
    title: str | None
    cost: float | None
    cost_wasted: float | None
    cancelled: VideoCancel | None
    requeued: VideoRequeue | None


def row_of(story: StoryState | UncheckedStory, now: datetime) -> StoryRow:
    """Return the result of a story.

    Parameters:
        now: aware time; `stage` names the time that a waiting story waits for in its zone
    """
    if isinstance(story, UncheckedStory):
        return _row_of_unchecked(story, now)
    event = story.event
    success = event if isinstance(event, messages.StorySucceeded) else None
    failure = event.failure if isinstance(event, messages.StoryFailed | messages.StoryRetrying) else None
    ended = success or (event if isinstance(event, messages.StoryFailed | messages.StoryRetrying) else None)
    duration = ended.duration_s if ended else None
    status = story.status
    if event is not None and status is StoryStatus.RUNNING:
        duration = seconds_between(event.started_at or event.at, now)
    return StoryRow(
        story_id=story.story_id,
        position=story.position,
        url=story.url,
        project_id=ended.project_id if ended else None,
        status=status,
        stage=None if success else _stage(story, now),
        error=_error_of(failure),
        failure=_summary_of(failure) if failure else None,
        attempts=_attempts(event),
        generation=event.generation if event else 1,
        worker=event.worker if event else None,
        output_path=path_text(success.output_path) if success and success.output_path else None,
        duration_s=rounded(duration),
        video_s=rounded(success.video_s) if success else None,
        title=story.title,
        cost=as_number(story.cost),
        cost_wasted=as_number(story.cost_wasted),
        cancelled=_cancel_of(event),
        requeued=_requeue_of(event),
    )


def _row_of_unchecked(story: UncheckedStory, now: datetime) -> StoryRow:
    failure, cancel = story.failure, story.cancel
    return StoryRow(
        story.story_id,
        story.position,
        story.url,
        story.project_id,
        story.status,
        _next_try(story.attempt, story.until, now) if story.until else None,
        _error_of(failure),
        failure,
        story.attempts,
        story.generation,
        story.worker,
        path_text(story.output_path) if story.output_path else None,
        rounded(story.duration_s),
        rounded(story.video_s),
        story.title,
        as_number(story.cost),
        as_number(story.cost_wasted),
        VideoCancel(by=cancel.by, reason=cancel.reason, at=story.at.astimezone(UTC)) if cancel else None,
        None,
    )


def _error_of(failure: Failure | FailureSummary | None) -> str | None:
    return (failure.message or failure.type) if failure else None


def path_text(text: str) -> str:
    """Return a path as `Path` writes it; most are written so already."""
    if text.startswith("/") and not ("//" in text or "/." in text or text.endswith("/")):
        return text
    return str(Path(text))


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _stage(story: StoryState, now: datetime) -> str | None:
    event = story.event
    if event is None and story.not_before is not None and story.not_before > now:
        return f"{STARTS} {_clock(story.not_before, now)}"
    if isinstance(event, messages.StoryStage):
        return event.stage
    if isinstance(event, messages.StoryReleased) and event.until and event.until > now:
        return f"waiting: {event.provider or 'a provider'} until {_clock(event.until, now)}"
    if isinstance(event, messages.StoryRetrying):
        return _next_try(event.attempt, event.until, now)
    return None


def _next_try(attempt: int, until: datetime, now: datetime) -> str | None:
    return f"waiting: try {attempt + 1} at {_clock(until, now)}" if until > now else None


def _attempts(event: StoryEvent | None) -> int:
    match event:
        case None | messages.StoryRequeued():
            return 0
        case messages.StoryReleased():  # requeued, so the attempt is not used up
            return event.attempt - 1
        case messages.StoryFailed() if event.letter is not None:
            return event.letter.attempts_used
        case messages.StoryCancelled() if event.started_at is None and not died(event):
            return event.attempt - 1
        case _:
            return event.attempt


def _cancel_of(event: StoryEvent | None) -> VideoCancel | None:
    if not isinstance(event, messages.StoryCancelled):
        return None
    return VideoCancel(by=event.by, reason=event.reason, at=event.at.astimezone(UTC))


def _requeue_of(event: StoryEvent | None) -> VideoRequeue | None:
    if not isinstance(event, messages.StoryReleased):
        return None
    limited = event.reason == "rate_limited"
    return VideoRequeue(
        reason="machine_unfit" if event.problem is not None else event.reason,
        provider=event.provider if limited else None,
        until=event.until.astimezone(UTC) if limited and event.until else None,
        error=event.error if limited else event.problem,
        waits=event.waits if limited else None,
    )


def _summary_of(failure: Failure) -> FailureSummary:
    return FailureSummary(
        type=failure.type,
        message=failure.message,
        stage=failure.stage,
        retryable=failure.retryable,
        fingerprint=failure.fingerprint,
    )


def seconds_between(start: datetime | None, end: datetime) -> float | None:
    """Return the seconds from a time to another, which is not before it."""
    return None if start is None else round(max((end - start).total_seconds(), 0.0), 3)


def _clock(when: datetime, now: datetime) -> str:
    """Format a time in the zone of `now`: `21:39`, with the date on another day, with `UTC` if that is it."""
    local = when.astimezone(now.tzinfo)
    text = f"{local:%H:%M}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M}"
    return f"{text} UTC" if now.tzinfo is UTC else text
