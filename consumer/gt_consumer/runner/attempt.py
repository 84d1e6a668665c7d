"""One attempt of one story: its request, its progress, and where its files are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gt_common.failures import Failure
from gt_common.log import get_logger
from gt_common.messages import MadeFrom, StoryMessage
from gt_consumer.processes.protocol import ProjectBegun, Report, Run, Stage, StageThrottle
from gt_consumer.processes.values import MAX_LABEL, encodable
from gt_consumer.runner.meter import Meter
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow
from gt_consumer.runner.project import Project
from gt_consumer.storage.workdirs import remove_empty_workdir, remove_workdir

_log = get_logger("runner")

OnStage = Callable[[str, float | None], None]


NO_STAGE_YET = "working"
"""Shown when a rate-limit wait ends and the run has not reported a stage yet."""
_WAITING = "waiting: "


def is_wait(stage: str) -> bool:
    """Whether what is shown as a stage is a wait for a provider."""
    return stage.startswith(_WAITING)


@dataclass
class Attempt:
    """One attempt of one story while it runs.

    Parameters:
        number: the attempt, from 1
        on_stage: called with each stage, throttled; what it raises is logged and has no other effect
        stop: done when the attempt is to end: its worker stops, or its story is cancelled
        meter: adds up what the run says of its cost
        started: of the monotonic clock, in seconds
        stage, fraction: the last stage reported, and the share of it that was done (0 to 1)
        project: the project that is resumed or begun, if any
        log: the last lines that the run printed, known when it has ended
        made_from: the story, its options and the orchestrator as they were when the attempt began
        waits: whether the run waits for a permit of a provider
        workdir: its working folder, while there is one
    """

    story: StoryMessage
    number: int
    on_stage: OnStage
    stop: asyncio.Future[None]
    project: Project
    meter: Meter
    started: float = field(default_factory=time.monotonic)
    stage: str | None = None
    fraction: float | None = None
    made_from: MadeFrom | None = None
    throttle: StageThrottle = field(default_factory=StageThrottle)
    waits: bool = False
    log: str = ""
    workdir: Path | None = None

    def request(self, story_roots: Sequence[Path] = ()) -> Run:
        """Return what the orchestrator is asked to do."""
        return Run(
            story_id=self.story.story_id,
            batch_id=self.story.batch_id,
            url=self.story.url,
            attempt=self.number,
            workdir=str(self.workdir),
            options=self.story.options,
            project_id=self.project.id,
            story_roots=[str(root) for root in story_roots],
            given=self.story.given,
            title=self.story.title,
            project_folder=str(self.project.folder),
        )

    def end(self) -> None:
        """Let it end as `Interrupted`."""
        if not self.stop.done():
            self.stop.set_result(None)

    def remove_workdir(self) -> None:
        """Remove the working folder with what the run left in it."""
        if self.workdir is not None:
            remove_workdir(self.workdir)
            self.workdir = None

    def remove_empty_workdir(self) -> None:
        """Remove the working folder if the run left nothing in it."""
        if self.workdir is not None and remove_empty_workdir(self.workdir):
            self.workdir = None

    def report(self, message: Report) -> asyncio.Future[None] | None:
        """Record a stage, a cost or a project that the orchestrator reports, and pass it on.

        Returns:
            for a project, what is done when it is noted
        """
        if isinstance(message, ProjectBegun):
            return self.project.begun(message.project_id)
        if not isinstance(message, Stage):
            self.meter.take(message)
            return None
        self.project.reached(message.stage)
        self.stage, self.fraction = message.stage, message.fraction
        if not self.waits and self.throttle.admits(message):
            self._pass_on(message.stage, message.fraction)
        return None

    def show_wait(self, provider: str | None) -> None:
        """Report that the run waits for a permit of a provider, or with None that it continues."""
        self.waits = provider is not None
        if provider is not None:
            self._pass_on(f"{_WAITING}{provider}"[:MAX_LABEL], None)
        else:
            self._pass_on(self.stage or NO_STAGE_YET, self.fraction)

    def _pass_on(self, stage: str, fraction: float | None) -> None:
        try:
            self.on_stage(stage, fraction)
        except Exception:  # noqa: BLE001 - a faulty listener must not cut the connection to the child
            _log.warning("stage_report_lost", exc_info=True)

    @property
    def seconds(self) -> float:
        """How long the attempt has taken so far, in seconds."""
        return time.monotonic() - self.started

    def failed(
        self,
        kind: str,
        message: str,
        *,
        retryable: bool = True,
        traceback: str | None = None,
        project_id: str | None = None,
        causes: tuple[str, ...] = (),
    ) -> FailedForNow | FailedForGood:
        """Return the outcome of a failure in the current stage."""
        failure = Failure(
            type=encodable(kind),
            message=encodable(message),
            stage=self.stage,
            retryable=retryable,
            traceback=traceback and encodable(traceback),
            causes=causes,
            log=self.log if self.log and self.log not in (traceback or "") else None,
        )
        outcome = FailedForNow if retryable else FailedForGood
        return outcome(failure, project_id or self.project.id, self.seconds)


@dataclass(frozen=True)
class Places:
    """Where the files of attempts are.

    Parameters:
        output: absolute path of the folder of finished videos
    """

    output: Path
