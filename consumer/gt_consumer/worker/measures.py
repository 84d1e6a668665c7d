"""Measures a worker's runs for its metrics: starts, stages, costs, outcomes and waits for providers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gt_common.lifecycle import StoryStatus
from gt_consumer.limits import LONGEST_PAUSE_S, Limiter
from gt_consumer.runner.attempt import is_wait
from gt_consumer.runner.outcomes import Outcome, Waiting
from gt_consumer.worker.outcome_labels import outcome_label
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.watch import RunWatch

if TYPE_CHECKING:
    from gt_common.metrics.worker import WorkerMetrics


@dataclass
class _StageClock:
    """The stage of a run and the seconds that it has taken, which do not pass while the run waits."""

    stage: str | None = None
    seconds: float = 0.0
    since: float | None = None

    def stop(self, now: float) -> None:
        if self.since is not None:
            self.seconds += now - self.since
            self.since = None


class Measures(RunWatch):
    """Takes what the worker shows of its runs, and what becomes of them.

    Parameters:
        clock: returns seconds; tests pass their own
    """

    def __init__(self, metrics: WorkerMetrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics = metrics
        self._clock = clock
        self._stages: dict[int, _StageClock] = {}

    def show(self, events: RunEvents, stage: str | None) -> None:
        """Take the stage that a run has reached, or with None that it has started."""
        key = id(events)
        if key not in self._stages:
            self._stages[key] = _StageClock()
            self._metrics.run_started()
        run, now = self._stages[key], self._clock()
        if stage is None:
            return
        if is_wait(stage):
            run.stop(now)
            return
        if stage != run.stage:
            self._end_stage(run, now)
            run.stage = stage
        if run.since is None:
            run.since = now

    def hide(self, events: RunEvents) -> None:
        """Take that a run is over."""
        self._end_stage(self._stages.pop(id(events)), self._clock())
        self._metrics.run_ended(events.spending.cost)

    def settled(self, events: RunEvents, outcome: Outcome, status: StoryStatus) -> None:
        """Take what has become of a story, and its new status."""
        if label := outcome_label(outcome, status):
            self._metrics.settled(label)
        if isinstance(outcome, Waiting):
            self._metrics.waited(outcome.provider, min(outcome.retry_after, LONGEST_PAUSE_S))

    def timed(self, limiter: Limiter) -> Limiter:
        """Return a limiter whose waits are counted."""
        return _TimedLimiter(limiter, self._metrics)

    def _end_stage(self, run: _StageClock, now: float) -> None:
        run.stop(now)
        if run.stage is not None:
            self._metrics.stage_ended(run.stage, run.seconds)
        run.stage, run.seconds = None, 0.0


class _TimedLimiter:
    """A limiter whose waits are counted."""

    def __init__(self, limiter: Limiter, metrics: WorkerMetrics) -> None:
        self._limiter = limiter
        self._metrics = metrics

    async def acquire(self, provider: str) -> None:
        """Wait until one call to the provider is allowed."""
        began = time.monotonic()
        try:
            await self._limiter.acquire(provider)
        finally:
            self._metrics.waited(provider, time.monotonic() - began)

    async def pause(self, provider: str, until: datetime) -> None:
        """Allow no calls to the provider before this time."""
        await self._limiter.pause(provider, until)
