"""What each outcome means for the fleet: which messages it publishes, all confirmed before the ack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from gt_common.failures import Failure, redact
from gt_common.lifecycle import StoryStatus
from gt_common.messages import (
    AttemptError,
    Event,
    StoryIdentity,
    StoryMessage,
    StoryReleased,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
    utc_now,
)
from gt_common.messaging.dead_letters import failed_event_of
from gt_common.settings import Settings
from gt_consumer.limits import LONGEST_PAUSE_S
from gt_consumer.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome, Succeeded, Waiting
from gt_consumer.retry_policy import jitter


class Outlet(Protocol):
    """The part of a publisher that settling needs."""

    async def story(self, message: StoryMessage) -> None: ...

    async def retry(self, message: StoryMessage, delay_s: float) -> None: ...

    async def dead_letter(self, message: StoryMessage) -> None: ...

    async def event(self, event: Event) -> None: ...

    async def progress(self, event: Event) -> None: ...


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


async def publish_outcome(
    attempt: Attempt,
    outcome: Outcome,
    outlet: Outlet,
    settings: Settings,
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> StoryStatus:
    """Publish what an outcome means; when this returns, the delivery may be acknowledged.

    Returns the status in which the story is left.

    Parameters:
        rest: waits the seconds by which a retry is put off at random, or until the worker stops

    The event goes before the message that hands the story on, so that little lies between that
    message's confirm and the ack: a worker killed there makes the story run once more.
    """
    story = attempt.story
    match outcome:
        case Succeeded():
            await outlet.event(attempt.succeeded(outcome))
            return StoryStatus.SUCCESS
        case FailedForNow() if story.attempt < settings.max_attempts:
            delay_s = settings.delay_before(story.attempt + 1)
            extra_s = jitter(delay_s)
            again = story.failed_attempt(attempt.error(outcome.failure, outcome.project_id))
            await outlet.event(attempt.retrying(outcome, delay_s + extra_s))
            await rest(extra_s)
            await outlet.retry(again, delay_s)
            return StoryStatus.RETRYING
        case FailedForNow() | FailedForGood():
            letter = story.dead(attempt.error(outcome.failure, outcome.project_id))
            await outlet.dead_letter(letter)
            await outlet.progress(failed_event_of(letter))
            return StoryStatus.FAILED
        case Waiting():
            await _put_off(attempt, outcome, outlet, settings, rest)
            return StoryStatus.QUEUED
        case Interrupted():
            await outlet.event(attempt.stopped())
            await outlet.story(story.handed_back())
            return StoryStatus.QUEUED
        case _:
            assert_never(outcome)


async def _put_off(
    attempt: Attempt,
    outcome: Waiting,
    outlet: Outlet,
    settings: Settings,
    rest: Callable[[float], Awaitable[None]],
) -> None:
    wait_s = min(outcome.retry_after, LONGEST_PAUSE_S)
    extra_s = jitter(wait_s)
    until = utc_now() + timedelta(seconds=wait_s + extra_s)
    await outlet.event(attempt.waiting(outcome, until))
    await rest(extra_s)
    # The longest wait queue may be shorter than the wait: whoever then takes the story puts it off again.
    longer = wait_s > max(settings.retry_delays)
    await outlet.retry(attempt.story.put_off(outcome.provider, until if longer else None), wait_s)
