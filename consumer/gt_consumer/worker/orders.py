"""What operators have ordered, as far as this worker has read it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from gt_common.messages import StoryMessage
from gt_common.messaging.control.cancelled import Cancellation, CancelledStories
from gt_common.messaging.control.notices import CancelNotice
from gt_consumer.worker.first_of import first_of


class OrderStream(Protocol):
    """The stream of orders; `gt_common.messaging.control.stream.ControlReader` is one."""

    @property
    def ready(self) -> bool:
        """Whether all of it is read."""

    async def wait_ready(self) -> None:
        """Wait until all of it is read."""

    def renew(self) -> None:
        """Expect that more was written to it, up to now."""


class Orders:
    """The orders of operators; without a stream, as in gt-batch, all that were given are known at once."""

    def __init__(self) -> None:
        self._cancelled = CancelledStories()
        self._stream: OrderStream | None = None
        self._subscribed = False

    def follow(self, stream: OrderStream) -> None:
        """Start no story until this stream is read."""
        self._stream = stream

    def subscribed(self) -> None:
        """Note that a subscription to stories begins.

        After a lost connection what comes first may have been cancelled meanwhile.
        """
        if self._subscribed and self._stream is not None:
            self._stream.renew()
        self._subscribed = True

    async def read_on(self, stop: asyncio.Event) -> bool:
        """Wait until all orders up to now are known; return False if the worker stops before."""
        if self._stream is not None:
            self._stream.renew()
        await self.wait_known(stop)
        return self.known

    async def wait_known(self, stop: asyncio.Event) -> None:
        """Wait until all orders are known, at most until the worker stops."""
        if self._stream is not None and not self._stream.ready:
            await first_of(self._stream.wait_ready(), stop.wait())

    @property
    def known(self) -> bool:
        """Whether all orders up to now are known."""
        return self._stream is None or self._stream.ready

    def cancel(self, notice: CancelNotice) -> None:
        """Take in which stories are cancelled."""
        self._cancelled.add(notice)

    def cancellation(self, story: StoryMessage) -> Cancellation | None:
        """Return the order that cancelled a story in its generation; None if there is none."""
        return self._cancelled.find(story.batch_id, story.story_id, story.generation)
