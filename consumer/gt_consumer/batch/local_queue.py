"""The stories of a batch on one machine while they wait: what the broker's queues are to the fleet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from gt_common.messages import StoryMessage, encode


class LocalQueue:
    """Stories that wait for a slot, and those that wait for their time.

    Parameters:
        changed: called when a story has become ready
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._ready: deque[StoryMessage] = deque()
        self._timers: set[asyncio.TimerHandle] = set()
        self._closed = False

    @property
    def empty(self) -> bool:
        """Whether no story waits for anything."""
        return not self._ready and not self._timers

    def put(self, story: StoryMessage, delay_s: float = 0.0) -> None:
        """Put a story at the end, now or in so many seconds."""
        if delay_s <= 0 or self._closed:
            self._ready.append(story)
            self._changed()
            return

        def due() -> None:
            self._timers.discard(timer)
            self._ready.append(story)
            self._changed()

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)

    def put_all(self, stories: Iterable[tuple[StoryMessage, float]]) -> None:
        """Put stories, each with its delay in seconds."""
        for story, delay_s in stories:
            self.put(story, delay_s)

    def take(self) -> StoryMessage | None:
        """Give the next story that is ready, if any is."""
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Let no timer go off any more; what waits still counts as waiting, and is in the ledger."""
        self._closed = True
        for timer in self._timers:
            timer.cancel()


class LocalDelivery:
    """A story handed to the worker from memory; settling it frees its slot.

    Parameters:
        settled: called once, at the ack
    """

    def __init__(self, story: StoryMessage, settled: Callable[[], None]) -> None:
        self.body = encode(story)
        self.headers: Mapping[str, object] = {}
        self.content_type: str | None = None
        self.delivery_count = 0
        self._settled = settled

    async def ack(self) -> bool:
        """Settle the delivery."""
        self._settled()
        return True
