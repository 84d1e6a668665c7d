"""Decides whether a delivered story may be run now, and charges it for the workers that were lost with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from gt_common.failures import Failure
from gt_common.messages import StoryMessage
from gt_common.messaging.ladder import TOO_EARLY_S, seconds_until
from gt_common.rates import STORIES
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.limits import Limiter
from gt_consumer.runner.outcomes import (
    Cancelled,
    FailedForGood,
    Interrupted,
    NotDue,
    Outcome,
    Unfit,
    Waiting,
)
from gt_consumer.worker.first_of import first_of
from gt_consumer.worker.orders import Orders
from gt_consumer.worker.ports import Starts
from gt_consumer.worker.rest import Rest

_CLOCK_S: Final = 0.01
"""So much may the clock that timers use differ within a second from that of the day."""


class Admission:
    """The rules by which a worker starts stories.

    Parameters:
        settings: the attempts allowed, and whether the starts of stories are limited
        stop: set when the worker starts no more stories
        limiter: grants starts, if they are limited
        starts: counts starts then; without it each delivery counts as one
        rest: whether the worker rests now
        orders: what operators have ordered
        held: whether a batch is paused, so that its stories need no permit
    """

    def __init__(
        self,
        settings: Settings,
        stop: asyncio.Event,
        limiter: Limiter | None,
        starts: Starts | None,
        rest: Rest,
        orders: Orders,
        held: Callable[[str], bool],
    ) -> None:
        limited = any(rate.provider == STORIES for rate in settings.rate_limits)
        self._max_attempts = settings.max_attempts
        self._stop = stop
        self._rest = rest
        self._orders = orders
        self._held = held
        self._limiter = limiter if limited else None
        self._starts = starts if limited else None

    async def wait(self, delivered: StoryMessage, losses: int, cancelled: asyncio.Event) -> StoryMessage:
        """Wait until the story may start, is cancelled, or the worker stops; until then it stays queued.

        Parameters:
            losses: how many workers were lost while they had the story
            cancelled: set when the story is cancelled

        Returns:
            the story, with one attempt used up for each worker that was lost while it ran the story
        """
        await self._orders.wait_known(self._stop)
        await self._wait_for_start(delivered, cancelled)
        await self._wait_for_permit(self._charged(delivered, losses), cancelled)
        # The connection, and with it orders, may have been lost during a long wait.
        await self._orders.wait_known(self._stop)
        # Charged again: news of starts on other workers may have arrived meanwhile.
        return self._charged(delivered, losses)

    async def record_start(self, delivered: StoryMessage, story: StoryMessage) -> None:
        """Announce to the other workers that the story starts, if starts are counted and it may be run.

        Parameters:
            story: what `wait` returned
        """
        if self._starts is not None and self.refusal(story) is None:
            await self._starts.record_start(delivered)

    def refusal(self, story: StoryMessage) -> Outcome | None:
        """Return the outcome of a story that must not be run now, None if it may be run."""
        if (order := self._orders.cancellation(story)) is not None:
            return Cancelled(order, ran=False)
        if self._stop.is_set():
            return Interrupted()
        if self._rest.active:
            return Unfit(self._rest.problem, cure=self._rest.cure)
        if story.attempt > self._max_attempts:
            return FailedForGood(self._used_up(story), None, 0.0)
        return _too_early(story)

    def _used_up(self, story: StoryMessage) -> Failure:
        last = story.errors[-1] if story.errors else None
        if last is None or last.attempt < story.attempt - 1:
            return _lost_workers(story)
        return Failure(
            type="AttemptsUsedUp",
            message=f"{plural(last.attempt, 'attempt')} failed and this worker allows {self._max_attempts} "
            f"(--max-attempts, GT_MAX_ATTEMPTS); the last one: {last.failure.type}: {last.failure.message}",
            stage=last.failure.stage,
        )

    def _charged(self, story: StoryMessage, losses: int) -> StoryMessage:
        if self._starts is not None and losses:
            losses = min(losses, self._starts.count_starts(story))
        return story.charged(losses) if losses else story

    async def _wait_for_start(self, story: StoryMessage, cancelled: asyncio.Event) -> None:
        """Wait for the rest of the time to the story's start, if it is short: the clocks differ a little."""
        left_s = seconds_until(story.starts_at) if story.starts_at else 0.0
        if 0 < left_s <= TOO_EARLY_S:
            await first_of(asyncio.sleep(left_s + _CLOCK_S), self._stop.wait(), cancelled.wait())

    async def _wait_for_permit(self, story: StoryMessage, cancelled: asyncio.Event) -> None:
        if self._limiter is None or self._held(story.batch_id) or self.refusal(story) is not None:
            return
        await first_of(self._limiter.acquire(STORIES), self._stop.wait(), cancelled.wait())


def _too_early(story: StoryMessage) -> Waiting | NotDue | None:
    """Return the rest of the wait for the start time, or that a provider asked for, if it is not over yet."""
    if story.not_before is None:
        return None
    seconds = seconds_until(story.not_before)
    if story.starts_at:
        return NotDue(story.starts_at, seconds) if seconds > 0 else None
    return Waiting(story.waits_for or "provider", seconds, early=True) if seconds > TOO_EARLY_S else None


def _lost_workers(story: StoryMessage) -> Failure:
    message = "each worker that had the story was lost: killed, out of memory or cut off from the broker"
    return Failure(type="WorkerLost", message=f"{message} (attempt {story.attempt - 1} was the last allowed)")
