"""Decides whether a delivered story may be run now, and charges it for the workers that were lost with it."""

from __future__ import annotations

import asyncio

from gt_common.failures import Failure
from gt_common.messages import StoryMessage, utc_now
from gt_common.rates import STORIES
from gt_common.settings import Settings
from gt_consumer.limits import Limiter
from gt_consumer.runner.outcomes import FailedForGood, Interrupted, Outcome, Unfit, Waiting
from gt_consumer.worker.ports import Starts
from gt_consumer.worker.rest import Rest

TOO_EARLY_S = 1.0
"""A story that comes back earlier than this before its time waits again."""


class Admission:
    """The rules by which a worker starts stories.

    Parameters:
        settings: the attempts allowed, and whether the starts of stories are limited
        stop: set when the worker starts no more stories
        limiter: grants starts, if they are limited
        starts: counts starts then; without it each delivery counts as one
        rest: whether the worker rests now
    """

    def __init__(
        self,
        settings: Settings,
        stop: asyncio.Event,
        limiter: Limiter | None,
        starts: Starts | None,
        rest: Rest,
    ) -> None:
        limited = any(rate.provider == STORIES for rate in settings.rate_limits)
        self._max_attempts = settings.max_attempts
        self._stop = stop
        self._rest = rest
        self._limiter = limiter if limited else None
        self._starts = starts if limited else None

    async def wait(self, delivered: StoryMessage, losses: int) -> StoryMessage:
        """Wait until the story may start, or the worker stops; until then it stays queued.

        Parameters:
            losses: how many workers were lost while they had the story

        Returns:
            the story, with one attempt used up for each worker that was lost while it ran the story
        """
        await self._wait_for_permit(self._charged(delivered, losses))
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
        if self._stop.is_set():
            return Interrupted()
        if self._rest.active:
            return Unfit(self._rest.problem)
        if story.attempt > self._max_attempts:
            return FailedForGood(_lost_workers(story), None, 0.0)
        return _too_early(story)

    def _charged(self, story: StoryMessage, losses: int) -> StoryMessage:
        if self._starts is not None and losses:
            losses = min(losses, self._starts.count_starts(story))
        return story.charged(losses)

    async def _wait_for_permit(self, story: StoryMessage) -> None:
        if self._limiter is None or self.refusal(story) is not None:
            return
        waits = [
            asyncio.ensure_future(self._limiter.acquire(STORIES)),
            asyncio.ensure_future(self._stop.wait()),
        ]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            for wait in waits:
                wait.cancel()


def _too_early(story: StoryMessage) -> Waiting | None:
    """Return the rest of the wait that a provider asked for, if no wait queue was long enough for it."""
    if story.not_before is None:
        return None
    seconds = (story.not_before - utc_now()).total_seconds()
    return Waiting(story.waits_for or "provider", seconds) if seconds > TOO_EARLY_S else None


def _lost_workers(story: StoryMessage) -> Failure:
    message = "each worker that had the story was lost: killed, out of memory or cut off from the broker"
    return Failure(type="WorkerLost", message=f"{message} (attempt {story.attempt - 1} was the last allowed)")
