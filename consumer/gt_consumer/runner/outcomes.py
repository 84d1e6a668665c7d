"""How one attempt of one story can end: a closed set; code that handles it ends in `assert_never`.

`project_id` is the project in which the run worked. With `spent`, the project that the story's message names
is not resumed again: that has led nowhere, or it cannot be resumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gt_common.failures import Failure
from gt_common.messages import MadeFrom
from gt_common.messaging.control.cancelled import Cancellation


@dataclass(frozen=True)
class Succeeded:
    """The video is at its final place and its result file is written.

    Parameters:
        output_path: the finished video
        duration_s: seconds that the attempt took
        video_s: length of the video in seconds, if the orchestrator reported it
        made_from: what it was made from, if that was recorded
        made_in: generation, attempt and run that made it, if it was an earlier run and is known
    """

    output_path: Path
    project_id: str | None
    duration_s: float
    video_s: float | None
    made_from: MadeFrom | None = None
    made_in: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class FailedForNow:
    """Another attempt may succeed."""

    failure: Failure
    project_id: str | None
    duration_s: float
    spent: bool = False


@dataclass(frozen=True)
class FailedForGood:
    """Another attempt cannot succeed."""

    failure: Failure
    project_id: str | None
    duration_s: float
    spent: bool = False


@dataclass(frozen=True)
class Waiting:
    """A provider asked to wait `retry_after` seconds; no attempt is used up.

    Parameters:
        error: what the failure said that counts as a limit; None if the orchestrator named the provider
        early: it did not run, because its last wait is not over
    """

    provider: str
    retry_after: float
    project_id: str | None = None
    spent: bool = False
    error: str | None = None
    early: bool = False


@dataclass(frozen=True)
class NotDue:
    """The story must not start before `starts_at`, in `seconds`; it has not been run."""

    starts_at: datetime
    seconds: float


@dataclass(frozen=True)
class Interrupted:
    """It was stopped, or not started, because the worker stops; no attempt is used up."""

    project_id: str | None = None
    spent: bool = False


@dataclass(frozen=True)
class Unfit:
    """The machine cannot run stories now, as `problem` says; no attempt is used up.

    Parameters:
        cure: what to do about it, if that is known
    """

    problem: str
    project_id: str | None = None
    spent: bool = False
    cure: str | None = None


@dataclass(frozen=True)
class Cancelled:
    """An operator cancelled the story; no attempt is used up.

    Parameters:
        order: the operator's order
        ran: whether it ran, so that its run ends with this
    """

    order: Cancellation
    ran: bool
    project_id: str | None = None
    spent: bool = False


Outcome = Succeeded | FailedForNow | FailedForGood | Waiting | NotDue | Interrupted | Unfit | Cancelled
