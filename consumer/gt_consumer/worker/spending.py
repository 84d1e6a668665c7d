"""Publishes what a run has spent so far, beside it and at most once per second."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from gt_common.errors import GossipToonError
from gt_consumer.worker.ports import StoryPublisher
from gt_consumer.worker.run_events import RunEvents

INTERVAL_S: Final = 1.0
"""Between two reports of a run: what was said since the last one is lost with its worker."""


class SpendingReporter:
    """Publishes the sums of one run in a task of its own; the events of its end have the last ones anyway.

    Parameters:
        linger: seconds between the first cost and its report; a run that ends meanwhile needs none
        interval: seconds between two reports
    """

    def __init__(
        self, events: RunEvents, publisher: StoryPublisher, linger: float, interval: float = INTERVAL_S
    ) -> None:
        self._events = events
        self._publisher = publisher
        self._linger = linger
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    def spent(self, cost: Mapping[str, int]) -> None:
        """Take what the run has spent so far: millionths of the currency, by provider."""
        self._events.spending.cost = cost
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._publish(), name="report spending")

    async def aclose(self) -> None:
        """Publish nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _publish(self) -> None:
        await asyncio.sleep(self._linger)
        # The run's outcome meets the same error, and is what has to be told of it.
        with suppress(GossipToonError):
            while True:
                if not await publish_spending(self._events, self._publisher):
                    return
                await asyncio.sleep(self._interval)


async def publish_spending(events: RunEvents, publisher: StoryPublisher) -> bool:
    """Publish what a run has spent so far, if that is not published yet; return whether it was not.

    Called before a dead letter, too: that is a story message, which says nothing of costs.
    """
    spending = events.spending
    cost = spending.cost
    if cost == spending.published:
        return False
    await publisher.event(events.spent())
    spending.published = cost
    return True
