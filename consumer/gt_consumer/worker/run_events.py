"""The events of one run of one attempt of a story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gt_common.failures import Failure
from gt_common.messages import (
    AttemptError,
    StoryIdentity,
    StoryMessage,
    StoryReleased,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
    utc_now,
)
from gt_common.redaction import redact
from gt_consumer.runner.outcomes import FailedForNow, Succeeded, Waiting


class _Who(StoryIdentity):
    attempt: int
    run: int
    worker: str
    started_at: datetime


@dataclass(frozen=True)
class Attempt:
    """One run of one attempt of a story on this worker; makes the events that tell of it.

    Parameters:
        story: the message, its `attempt` already charged for lost workers
    """

    story: StoryMessage
    worker: str
    started_at: datetime

    def _who(self) -> _Who:
        story = self.story
        return {
            **story.identity(),
            "attempt": story.attempt,
            "run": story.run,
            "worker": self.worker,
            "started_at": self.started_at,
        }

    def started(self) -> StoryStarted:
        """Tell that the run begins."""
        return StoryStarted(**self._who(), at=self.started_at)

    def stage(self, stage: str, fraction: float | None) -> StoryStage:
        """Tell where the run is."""
        return StoryStage(**self._who(), stage=redact(stage)[:200], fraction=fraction)

    def succeeded(self, outcome: Succeeded) -> StorySucceeded:
        """Tell that the video is made."""
        return StorySucceeded(
            **self._who(),
            output_path=str(outcome.output_path),
            project_id=outcome.project_id,
            duration_s=outcome.duration_s,
            video_s=outcome.video_s,
        )

    def retrying(self, outcome: FailedForNow, delay_s: float) -> StoryRetrying:
        """Tell that another attempt follows."""
        return StoryRetrying(
            **self._who(),
            failure=outcome.failure,
            until=utc_now() + timedelta(seconds=delay_s),
            project_id=outcome.project_id,
            duration_s=outcome.duration_s,
        )

    def waiting(self, outcome: Waiting, until: datetime) -> StoryReleased:
        """Tell that a provider asked to wait until a time."""
        return StoryReleased(
            **self._who(), reason="rate_limited", provider=outcome.provider[:200], until=until
        )

    def stopped(self) -> StoryReleased:
        """Tell that the worker stops and gives the story back."""
        return StoryReleased(**self._who(), reason="stopping")

    def error(self, failure: Failure, project_id: str | None) -> AttemptError:
        """Give the failed attempt as the message remembers it."""
        return AttemptError(
            failure=failure,
            generation=self.story.generation,
            attempt=self.story.attempt,
            worker=self.worker,
            project_id=project_id,
            started_at=self.started_at,
            ended_at=utc_now(),
        )
