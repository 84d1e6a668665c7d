"""Publishes the progress of a run, in order and beside it."""

from __future__ import annotations

import asyncio

from gt_common.messages import StoryStage, StoryStarted
from gt_consumer.worker.run_events import Attempt
from gt_consumer.worker.settle import Outlet


class _Reporter:
    """Publishes a run's progress in order, beside the run: a slow broker never slows the orchestrator."""

    def __init__(self, attempt: Attempt, outlet: Outlet) -> None:
        self._attempt = attempt
        self._outlet = outlet
        self._waiting: asyncio.Queue[StoryStarted | StoryStage] = asyncio.Queue()
        self._stage: str | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> _Reporter:
        self._waiting.put_nowait(self._attempt.started())
        self._task = asyncio.create_task(self._publish(), name="report progress")
        return self

    async def __aexit__(self, *_: object) -> None:
        # What is still unsent is older than the outcome that follows, and the fold would pass over it.
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def stage(self, stage: str, fraction: float | None) -> None:
        """Note where the run is."""
        self._waiting.put_nowait(self._attempt.stage(stage, fraction))

    async def _publish(self) -> None:
        while True:
            event = await self._waiting.get()
            if isinstance(event, StoryStage) and event.stage == self._stage:
                await self._outlet.progress(event)
                continue
            self._stage = event.stage if isinstance(event, StoryStage) else None
            await self._outlet.event(event)
