"""Publishes what an outcome means for the fleet; all of it is confirmed before the ack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import assert_never

from gt_common.lifecycle import StoryStatus
from gt_common.messages import START, utc_now
from gt_common.settings import Settings
from gt_consumer.limits import LONGEST_PAUSE_S
from gt_consumer.runner.outcomes import (
    Cancelled,
    FailedForGood,
    FailedForNow,
    Interrupted,
    NotDue,
    Outcome,
    Succeeded,
    Unfit,
    Waiting,
)
from gt_consumer.worker.ports import StoryPublisher
from gt_consumer.worker.retry_policy import jitter
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.spending import publish_spending

Sleep = Callable[[float], Awaitable[None]]


async def publish_outcome(
    events: RunEvents,
    outcome: Outcome,
    publisher: StoryPublisher,
    settings: Settings,
    sleep: Sleep = asyncio.sleep,
) -> StoryStatus:
    """Publish what an outcome means; when this returns, the delivery may be acknowledged.

    The event is published before the message that passes the story on, so that little lies between that
    message's confirm and the ack: a worker killed in between makes the story run once more.

    Parameters:
        sleep: sleeps for the jitter of a retry, in seconds, or until the worker stops

    Returns:
        the new status of the story
    """
    story = events.story
    match outcome:
        case Succeeded():
            await publisher.event(events.succeeded(outcome))
            return StoryStatus.SUCCESS
        case FailedForNow() if story.attempt < settings.max_attempts:
            delay_s = settings.delay_before(story.attempt + 1)
            extra_s = jitter(delay_s)
            error = events.error(outcome.failure, outcome.project_id)
            again = events.next_message(outcome).failed_attempt(error)
            await publisher.event(events.retrying(outcome, delay_s + extra_s))
            await sleep(extra_s)
            await publisher.retry(again, delay_s)
            return StoryStatus.RETRYING
        case FailedForNow() | FailedForGood():
            error = events.error(outcome.failure, outcome.project_id)
            letter = events.next_message(outcome).dead(error)
            await publish_spending(events, publisher)
            await publisher.dead_letter(letter)
            return StoryStatus.FAILED
        case Waiting():
            await _postpone(events, outcome, publisher, settings, sleep)
            return StoryStatus.QUEUED
        case NotDue():
            # Without an event: the report has the start time from the list.
            await publisher.retry(story.put_off(START, outcome.starts_at), outcome.seconds)
            return StoryStatus.QUEUED
        case Unfit():
            await publisher.event(events.stopped(outcome))
            # Not at once, so that a fleet of which every machine is full does not pass it round.
            again = events.next_message(outcome).handed_back()
            await publisher.retry(again, settings.delay_before(2))
            return StoryStatus.QUEUED
        case Cancelled():
            await publisher.event(events.cancelled(outcome, settings.discard_keep))
            return StoryStatus.CANCELLED
        case Interrupted():
            await publisher.event(events.stopped(outcome))
            await publisher.story(events.next_message(outcome).handed_back())
            return StoryStatus.QUEUED
        case _:
            assert_never(outcome)


async def _postpone(
    events: RunEvents, outcome: Waiting, publisher: StoryPublisher, settings: Settings, sleep: Sleep
) -> None:
    wait_s = min(outcome.retry_after, LONGEST_PAUSE_S)
    extra_s = jitter(wait_s)
    until = utc_now() + timedelta(seconds=wait_s + extra_s)
    await publisher.event(events.waiting(outcome, until))
    await sleep(extra_s)
    # Should the story come back before, because only the longest wait queue could be used, the worker that
    # gets it postpones it again.
    longer = wait_s > max(settings.retry_delays)
    story = events.postponed(outcome)
    await publisher.retry(story.put_off(outcome.provider, until if longer else None), wait_s)
