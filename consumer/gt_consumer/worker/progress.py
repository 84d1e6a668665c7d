"""Publishes the progress of a run beside it: a slow broker never slows the orchestrator."""

from __future__ import annotations

import asyncio

from gt_common.messages import StoryStage, StoryStarted
from gt_consumer.runner.attempt import NO_STAGE_YET
from gt_consumer.worker.ports import StoryPublisher
from gt_consumer.worker.run_events import RunEvents


class ProgressReporter:
    """Publishes the start, the stages and the project of a run in order, in a task of its own."""

    def __init__(self, events: RunEvents, publisher: StoryPublisher) -> None:
        self._events = events
        self._publisher = publisher
        self._unsent: asyncio.Queue[StoryStarted | StoryStage] = asyncio.Queue()
        self._reported: tuple[str, float | None] = (NO_STAGE_YET, None)
        self._project_id: str | None = None
        self._published: tuple[str | None, str | None] = (None, None)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> ProgressReporter:
        self._unsent.put_nowait(self._events.started())
        self._task = asyncio.create_task(self._publish(), name="report progress")
        return self

    async def __aexit__(self, *_: object) -> None:
        # What is still unsent is older than the outcome that follows, so the ledger would skip it.
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def stage(self, stage: str, fraction: float | None) -> None:
        """Report the stage of the run and the share of it that is done (0 to 1)."""
        self._reported = (stage, fraction)
        self._report()

    def project(self, project_id: str | None) -> None:
        """Report the project in which the run works, with the stage that it has reached."""
        self._project_id = project_id
        self._report()

    def _report(self) -> None:
        stage, fraction = self._reported
        self._unsent.put_nowait(self._events.stage(stage, fraction, self._project_id))

    async def _publish(self) -> None:
        while True:
            event = await self._unsent.get()
            reached = (event.stage, event.project_id) if isinstance(event, StoryStage) else (None, None)
            if isinstance(event, StoryStage) and reached == self._published:
                await self._publisher.progress(event)
                continue
            self._published = reached
            await self._publisher.event(event)
