"""Turns a run's end into the attempt's outcome: stores the video, names the failure, notes the project."""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from gt_common.durations import say_duration
from gt_common.errors import OutputError
from gt_common.failures import Failure
from gt_common.log import get_logger
from gt_common.messages import StoryMessage
from gt_consumer.checkpoints import forget_project, note_project
from gt_consumer.executions import Died, End, Stopped, TimedOut
from gt_consumer.finished import store_finished
from gt_consumer.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome, Succeeded, Waiting
from gt_consumer.protocol import MAX_LABEL, Failed, Made, Stage, StageThrottle, Wait, clean
from gt_consumer.results import FAILED_RESULT

OnStage = Callable[[str, float | None], None]

GOES_ON = "working"
"""Shown after a wait to which a run came before it named any stage."""

_log = get_logger("runner")


@dataclass
class Attempt:
    """One attempt of one story while it runs.

    Parameters:
        number: the attempt, from 1
        on_stage: told each stage, throttled; what it raises is logged and does no harm
        stop: done when the worker stops
        stage, fraction: the last one reported
        project_id: the project that is resumed, if any
    """

    story: StoryMessage
    number: int
    on_stage: OnStage
    stop: asyncio.Future[None]
    started: float = field(default_factory=time.monotonic)
    stage: str | None = None
    fraction: float | None = None
    project_id: str | None = None
    throttle: StageThrottle = field(default_factory=StageThrottle)
    waits: bool = False

    def report(self, message: Stage) -> None:
        """Take a stage that the orchestrator reports."""
        self.stage, self.fraction = message.stage, message.fraction
        if not self.waits and self.throttle.admits(message):
            self._tell(message.stage, message.fraction)

    def show_wait(self, provider: str | None) -> None:
        """Show that the run waits for its turn at a provider, or with None that it goes on where it was."""
        self.waits = provider is not None
        if provider is not None:
            self._tell(f"waiting: {provider}"[:MAX_LABEL], None)
        else:
            self._tell(self.stage or GOES_ON, self.fraction)

    def _tell(self, stage: str, fraction: float | None) -> None:
        try:
            self.on_stage(stage, fraction)
        except Exception:  # noqa: BLE001 - a listener's fault must not cut the connection to the child
            _log.warning("a stage report was lost", story_id=self.story.story_id, exc_info=True)

    @property
    def seconds(self) -> float:
        """How long the attempt has taken so far."""
        return time.monotonic() - self.started

    def failed(
        self,
        kind: str,
        message: str,
        *,
        retryable: bool = True,
        traceback: str | None = None,
        project_id: str | None = None,
    ) -> FailedForNow | FailedForGood:
        """Give the outcome of a failure."""
        failure = Failure(
            type=clean(kind),
            message=clean(message),
            stage=self.stage,
            retryable=retryable,
            traceback=traceback and clean(traceback),
        )
        outcome = FailedForNow if retryable else FailedForGood
        return outcome(failure, project_id or self.project_id, self.seconds)


@dataclass(frozen=True)
class Places:
    """Where an attempt's things lie; all paths are absolute."""

    output: Path
    state_dir: Path


async def conclude(end: End, attempt: Attempt, places: Places, workdir: Path, time_limit: float) -> Outcome:
    """Give the outcome of an attempt."""
    await asyncio.to_thread(_keep_project, end, attempt, places.state_dir)
    match end:
        case Made():
            return await asyncio.to_thread(_store, end, attempt, places, workdir)
        case Failed():
            return attempt.failed(
                end.type,
                end.message,
                retryable=end.retryable,
                traceback=end.traceback,
                project_id=end.project_id,
            )
        case Wait():
            return Waiting(end.provider, end.retry_after)
        case Died():
            return attempt.failed("ChildDied", _describe_death(end), traceback=end.stderr or None)
        case TimedOut():
            return attempt.failed("TimeLimitExceeded", _describe_limit(attempt.stage, time_limit))
        case Stopped():
            return Interrupted()
        case _:
            assert_never(end)


def _store(made: Made, attempt: Attempt, places: Places, workdir: Path) -> Outcome:
    video = Path(made.output_path)
    problem = _video_problem(video)
    if problem is not None:
        text = f"the orchestrator succeeded, but its video {problem}: {video}"
        return attempt.failed("NoVideo", text, project_id=made.project_id)
    try:
        finished = store_finished(
            places.output,
            attempt.story,
            video,
            workdir=workdir,
            attempt=attempt.number,
            project_id=made.project_id or attempt.project_id,
            video_s=made.duration,
            duration_s=attempt.seconds,
        )
    except OutputError as error:
        return attempt.failed("OutputError", str(error), project_id=made.project_id)
    try:
        forget_project(places.state_dir, attempt.story)
    except OSError as error:
        _log.warning("the note of a finished project stays", reason=str(error))
    return Succeeded(finished.video, finished.project_id, attempt.seconds, finished.video_s)


def _video_problem(video: Path) -> str | None:
    try:
        found = video.stat()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not stat.S_ISREG(found.st_mode):
        return "is no regular file"
    return None if found.st_size else "is empty"


def _keep_project(end: End, attempt: Attempt, state_dir: Path) -> None:
    """Remember what a failed attempt has begun.

    A resumed project that fails in another way, or takes its process down, is not resumed once more: its
    checkpoint may be the cause.
    """
    try:
        if isinstance(end, Failed) and end.type == FAILED_RESULT and end.project_id is not None:
            note_project(state_dir, attempt.story, end.project_id)
        elif isinstance(end, (Failed, Died)) and attempt.project_id is not None:
            forget_project(state_dir, attempt.story)
    except OSError as error:
        _log.warning("the project could not be noted for a later attempt", reason=str(error))


def _describe_death(death: Died) -> str:
    text = death.ending.describe()
    return text if death.ending.exit_code is None else f"{text} without a result"


def _describe_limit(stage: str | None, seconds: float) -> str:
    limit = say_duration(seconds) if seconds >= 60 else f"{seconds:g} s"
    return f"stopped at the time limit of {limit}, " + (f"in stage {stage}" if stage else "before any stage")
