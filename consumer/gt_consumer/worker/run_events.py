"""The events of one run of one attempt of a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gt_common.failures import Failure, head_and_tail
from gt_common.messages import (
    MAX_REASON,
    AttemptError,
    StoryCancelled,
    StoryIdentity,
    StoryMessage,
    StoryReleased,
    StoryRetrying,
    StorySpent,
    StoryStage,
    StoryStarted,
    StorySucceeded,
    utc_now,
)
from gt_common.redaction import redact
from gt_consumer.runner.outcomes import (
    Cancelled,
    FailedForGood,
    FailedForNow,
    Interrupted,
    Succeeded,
    Unfit,
    Waiting,
)
from gt_consumer.worker.dropped import dropped_event

_Unfinished = FailedForNow | FailedForGood | Waiting | Interrupted | Unfit | Cancelled


class _RunIdentity(StoryIdentity):
    attempt: int
    run: int
    worker: str
    started_at: datetime


@dataclass
class Spending:
    """What a run has spent so far, in millionths of the currency by provider, and what of it is published."""

    cost: Mapping[str, int] = field(default_factory=dict)
    published: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RunEvents:
    """Makes the events of one run of a story on this worker.

    Parameters:
        story: the message, its `attempt` already charged for lost workers
        worker: the worker's name
        started_at: when the run started
        spending: what it has spent so far; every event of its end has it
    """

    story: StoryMessage
    worker: str
    started_at: datetime
    spending: Spending = field(default_factory=Spending)

    def started(self) -> StoryStarted:
        """Return the event that the run has started."""
        return StoryStarted(**self._identity(), at=self.started_at, project_id=self.story.project_id)

    def stage(self, stage: str, fraction: float | None, project_id: str | None = None) -> StoryStage:
        """Return the event that the run has reached a stage, and the share of it that is done (0 to 1)."""
        return StoryStage(
            **self._identity(), stage=redact(stage)[:200], fraction=fraction, project_id=project_id
        )

    def spent(self) -> StorySpent:
        """Return the event that the run has spent what it has spent so far."""
        return StorySpent(**self._identity(), cost=dict(self.spending.cost))

    @property
    def cost(self) -> dict[str, int] | None:
        """What the run has spent so far; None if it has not said any."""
        return dict(self.spending.cost) or None

    def succeeded(self, outcome: Succeeded) -> StorySucceeded:
        """Return the event that the video is finished."""
        return StorySucceeded(
            **self._identity(),
            output_path=str(outcome.output_path),
            project_id=outcome.project_id,
            duration_s=outcome.duration_s,
            video_s=outcome.video_s,
            made_from=outcome.made_from,
            made_in=outcome.made_in,
            cost=self.cost,
        )

    def retrying(self, outcome: FailedForNow, delay_s: float) -> StoryRetrying:
        """Return the event that the attempt failed and another follows after `delay_s` seconds."""
        return StoryRetrying(
            **self._identity(),
            failure=outcome.failure,
            until=utc_now() + timedelta(seconds=delay_s),
            project_id=self.resumable(outcome),
            duration_s=outcome.duration_s,
            cost=self.cost,
        )

    def waiting(self, outcome: Waiting, until: datetime) -> StoryReleased:
        """Return the event that a provider asked to wait until a time."""
        again = self.postponed(outcome)
        return StoryReleased(
            **self._identity(),
            reason="rate_limited",
            provider=outcome.provider[:200],
            until=until,
            error=again.wait_error,
            waits=again.waits,
            project_id=again.project_id,
            cost=self.cost,
        )

    def stopped(self, outcome: Interrupted | Unfit) -> StoryReleased:
        """Return the event that the worker stops, or its machine is unfit, and requeues the story."""
        return StoryReleased(
            **self._identity(),
            reason="stopping",
            problem=_bounded(outcome.problem) if isinstance(outcome, Unfit) else None,
            project_id=self.resumable(outcome),
            cost=self.cost,
        )

    def cancelled(self, outcome: Cancelled, keep_s: float) -> StoryCancelled:
        """Return the event that the story is cancelled, with the message that is dropped.

        Parameters:
            keep_s: seconds during which it can be restored
        """
        letter = self.next_message(outcome)
        if not outcome.ran:
            return dropped_event(letter, outcome.order, keep_s)
        return dropped_event(
            letter,
            outcome.order,
            keep_s,
            worker=self.worker,
            started_at=self.started_at,
            cost=self.cost,
        )

    def next_message(self, outcome: _Unfinished) -> StoryMessage:
        """Return the story's message with what this run leaves to the next one: its project, and its cost."""
        spent = sum(self.spending.cost.values())
        return self.story.resuming(self.resumable(outcome)).having_spent(spent)

    def postponed(self, outcome: Waiting) -> StoryMessage:
        """Return the story's message for the run after a wait; one that came back too early met no limit."""
        again = self.next_message(outcome)
        if outcome.early:
            return again
        return again.having_waited(None if outcome.error is None else _bounded(outcome.error))

    def resumable(self, outcome: _Unfinished) -> str | None:
        """Return the project that the story's next run resumes."""
        return None if outcome.spent else outcome.project_id or self.story.project_id

    def error(self, failure: Failure, project_id: str | None) -> AttemptError:
        """Return the failed attempt as the story's message records it."""
        return AttemptError(
            failure=failure,
            generation=self.story.generation,
            attempt=self.story.attempt,
            worker=self.worker,
            project_id=project_id,
            started_at=self.started_at,
            ended_at=utc_now(),
        )

    def _identity(self) -> _RunIdentity:
        story = self.story
        return {
            **story.identity(),
            "attempt": story.attempt,
            "run": story.run,
            "worker": self.worker,
            "started_at": self.started_at,
        }


def _bounded(text: str) -> str:
    """Return a text without secrets, and as long as an event may have it."""
    return head_and_tail(redact(text), MAX_REASON)
