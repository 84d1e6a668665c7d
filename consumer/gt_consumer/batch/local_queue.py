"""The queue of a batch on one machine: stories that are ready, and stories that are delayed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from gt_common.messages import StoryMessage, encode


class LocalQueue:
    """A queue in memory for stories that wait for a slot or for their time.

    Parameters:
        changed: called when a story becomes ready
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._ready: deque[StoryMessage] = deque()
        self._timers: set[asyncio.TimerHandle] = set()
        self._closed = False

    @property
    def empty(self) -> bool:
        """Whether the queue holds no story, ready or delayed."""
        return not self._ready and not self._timers

    def put(self, story: StoryMessage, delay_s: float = 0.0) -> None:
        """Append a story, after a delay in seconds."""
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
        """Append stories, each after its delay in seconds."""
        for story, delay_s in stories:
            self.put(story, delay_s)

    def take(self) -> StoryMessage | None:
        """Return the next story that is ready, or None."""
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Cancel all timers; delayed stories still count as waiting, and the ledger has them."""
        self._closed = True
        for timer in self._timers:
            timer.cancel()


class LocalDelivery:
    """A delivery from the queue in memory; the ack frees its slot.

    Parameters:
        settled: called at the ack
    """

    def __init__(self, story: StoryMessage, settled: Callable[[], None]) -> None:
        self.body = encode(story)
        self.headers: Mapping[str, object] = {}
        self.content_type: str | None = None
        self.delivery_count = 0
        self.died_of: str | None = None
        self.died_at = story.published_at
        self._settled = settled

    async def ack(self) -> bool:
        """Acknowledge the delivery."""
        self._settled()
        return True
