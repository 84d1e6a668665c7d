"""Turns the end of a run into an outcome: stores the video and names the failure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from gt_common.durations import say_duration
from gt_common.errors import OutputError
from gt_consumer.orchestrator.results import FAILED_RESULT
from gt_consumer.processes.machine import full_disk, machine_problem, no_room, room_cure
from gt_consumer.processes.protocol import Failed, VideoMade, Wait
from gt_consumer.runner.attempt import Attempt, Places
from gt_consumer.runner.execution import Died, End, Stopped, TimedOut, Unstartable
from gt_consumer.runner.outcomes import FailedForNow, Interrupted, Outcome, Succeeded, Unfit, Waiting
from gt_consumer.storage.finished_videos import UnusableVideoError, VideoOutsideError, store_finished


async def conclude(
    end: End,
    attempt: Attempt,
    places: Places,
    time_limit: float,
    roots: Sequence[Path] | None = None,
) -> Outcome:
    """Return the outcome of an attempt; a video is stored, a begun project stays noted for a later run.

    Parameters:
        roots: folders besides the attempt's own in which its video may lie; None for anywhere
    """
    if isinstance(end, Wait) or (isinstance(end, Failed) and end.type == FAILED_RESULT):
        attempt.project.begun(end.project_id or attempt.project.id)
    outcome = await _judge(end, attempt, places, time_limit, roots)
    if isinstance(outcome, FailedForNow):
        # Before the working folder is removed, which makes room again.
        full = await asyncio.to_thread(full_disk, places.output)
        if full:
            outcome = Unfit(f"{full}: {outcome.failure.message}", cure=room_cure(places.output))
    return await attempt.project.concluded(outcome)


async def _judge(
    end: End,
    attempt: Attempt,
    places: Places,
    time_limit: float,
    roots: Sequence[Path] | None,
) -> Outcome:
    match end:
        case VideoMade():
            return await asyncio.to_thread(_store, end, attempt, places, roots)
        case Unstartable():
            return Unfit(end.problem)
        case Failed() if end.machine:
            return Unfit(f"{end.type}: {end.message}")
        case Failed():
            return attempt.failed(
                end.type,
                end.message,
                retryable=end.retryable,
                traceback=end.traceback,
                project_id=end.project_id,
                causes=end.causes,
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


def _store(made: VideoMade, attempt: Attempt, places: Places, roots: Sequence[Path] | None) -> Outcome:
    video, workdir = Path(made.output_path), attempt.workdir
    if workdir is None:
        raise RuntimeError("the attempt has no working folder")
    try:
        finished = store_finished(
            places.output,
            attempt.story,
            video,
            workdir=workdir,
            attempt=attempt.number,
            project_id=made.project_id or attempt.project.id,
            video_s=made.duration,
            duration_s=attempt.seconds,
            source=attempt.made_from,
            roots=roots,
        )
    except UnusableVideoError as error:
        if machine_problem(error.__cause__):
            cure = room_cure(places.output) if no_room(error.__cause__, places.output) else None
            return Unfit(f"the video {error}: {video}", cure=cure)
        outside = isinstance(error, VideoOutsideError)
        text = f"the orchestrator succeeded, but its video {error}: {video}"
        kind = "VideoOutside" if outside else "NoVideo"
        return attempt.failed(kind, text, retryable=not outside, project_id=made.project_id)
    except OutputError as error:
        return Unfit(str(error))
    attempt.remove_empty_workdir()
    return Succeeded(
        finished.video, finished.project_id, attempt.seconds, finished.video_s, finished.made_from
    )


def _describe_death(death: Died) -> str:
    text = death.end.describe()
    return text if death.end.exit_code is None else f"{text} without a result"


def _describe_limit(stage: str | None, seconds: float) -> str:
    limit = say_duration(seconds) if seconds >= 60 else f"{seconds:g} s"
    return f"stopped at the time limit of {limit}, " + (f"in stage {stage}" if stage else "before any stage")
