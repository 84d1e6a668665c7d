"""What each outcome means for the fleet: which messages it publishes, all confirmed before the ack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, assert_never

from gt_common.lifecycle import StoryStatus
from gt_common.messages import (
    Event,
    StoryMessage,
    utc_now,
)
from gt_common.messaging.dead_letters import failed_event_of
from gt_common.settings import Settings
from gt_consumer.limits import LONGEST_PAUSE_S
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome, Succeeded, Waiting
from gt_consumer.worker.retry_policy import jitter
from gt_consumer.worker.run_events import Attempt


class Outlet(Protocol):
    """The part of a publisher that settling needs."""

    async def story(self, message: StoryMessage) -> None: ...

    async def retry(self, message: StoryMessage, delay_s: float) -> None: ...

    async def dead_letter(self, message: StoryMessage) -> None: ...

    async def event(self, event: Event) -> None: ...

    async def progress(self, event: Event) -> None: ...


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
