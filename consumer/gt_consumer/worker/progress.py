"""Publishes the progress of a run beside it: a slow broker never slows the orchestrator."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

from gt_common.messages import StoryStage
from gt_consumer.runner.attempt import NO_STAGE_YET
from gt_consumer.worker.ports import StoryPublisher
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.spending import SpendingReporter

LINGER_S: Final = 0.25
"""A run that ends within this time has nothing to report but its end, which says when it started."""


class Display(Protocol):
    """Shows what runs now; gt_consumer.worker.presence.Presence does."""

    def show(self, events: RunEvents, stage: str | None) -> None: ...

    def hide(self, events: RunEvents) -> None: ...


class Displays:
    """Several displays as one."""

    def __init__(self, *displays: Display) -> None:
        self._displays = displays

    def show(self, events: RunEvents, stage: str | None) -> None:
        """Show a run and the stage that it has reached, from now on."""
        for display in self._displays:
            display.show(events, stage)

    def hide(self, events: RunEvents) -> None:
        """Show a run no more."""
        for display in self._displays:
            display.hide(events)


class ProgressReporter:
    """Publishes the start, the stages and the project of a run in order, and beside them what it spends.

    Parameters:
        display: shows the run while it lasts
        linger: seconds between the start of the run and its report
    """

    def __init__(
        self,
        events: RunEvents,
        publisher: StoryPublisher,
        display: Display | None = None,
        linger: float = LINGER_S,
    ) -> None:
        self._events = events
        self._display = display
        self._linger = linger
        self._begin: asyncio.TimerHandle | None = None
        self._publisher = publisher
        self._unsent: asyncio.Queue[StoryStage] = asyncio.Queue()
        self._reported: tuple[str, float | None] = (NO_STAGE_YET, None)
        self._project_id: str | None = None
        self._published: tuple[str | None, str | None] = (None, None)
        self._task: asyncio.Task[None] | None = None
        self._spending = SpendingReporter(events, publisher, linger)

    async def __aenter__(self) -> ProgressReporter:
        self._show(None)
        self._begin = asyncio.get_running_loop().call_later(self._linger, self._start)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._display is not None:
            self._display.hide(self._events)
        # What is still unsent is older than the outcome that follows, so the ledger would skip it.
        if self._begin is not None:
            self._begin.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._spending.aclose()

    def _start(self) -> None:
        self._task = asyncio.create_task(self._publish(), name="report progress")

    def stage(self, stage: str, fraction: float | None) -> None:
        """Report the stage of the run and the share of it that is done (0 to 1)."""
        self._reported = (stage, fraction)
        self._report()

    def project(self, project_id: str | None) -> None:
        """Report the project in which the run works, with the stage that it has reached."""
        self._project_id = project_id
        self._report()

    def spent(self, cost: Mapping[str, int]) -> None:
        """Report what the run has spent so far: millionths of the currency, by provider."""
        self._spending.spent(cost)

    def _report(self) -> None:
        stage, fraction = self._reported
        event = self._events.stage(stage, fraction, self._project_id)
        self._show(event.stage)
        self._unsent.put_nowait(event)

    def _show(self, stage: str | None) -> None:
        if self._display is not None:
            self._display.show(self._events, stage)

    async def _publish(self) -> None:
        await self._publisher.event(self._events.started())
        while True:
            event = await self._unsent.get()
            reached = (event.stage, event.project_id)
            if reached == self._published:
                await self._publisher.progress(event)
                continue
            self._published = reached
            await self._publisher.event(event)
