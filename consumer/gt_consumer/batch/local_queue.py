"""The queue of a batch on one machine: stories that are ready, and stories that are delayed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from gt_common.messages import Priority, StoryMessage, encode
from gt_common.messaging.ladder import seconds_until

LOOK_S: Final = 30.0
"""Seconds between two looks at the clock for a story that waits for its start time."""

StoryKey = tuple[str, int]
"""The id of a story, and its generation."""
Headers = Mapping[str, object]
Waiting = tuple[StoryMessage, Headers]
"""A story, and the headers with which it was put into the queue."""


class LocalQueue:
    """A queue in memory for stories that wait for a slot or for their time; it keeps order within a priority.

    Parameters:
        changed: called when a story becomes ready
        headers: returns those of a story that is put into the queue now
    """

    def __init__(self, changed: Callable[[], None], headers: Callable[[], Headers] = dict) -> None:
        self._changed = changed
        self._headers = headers
        self._ready: dict[Priority, deque[Waiting]] = {priority: deque() for priority in Priority}
        self._timers: dict[asyncio.TimerHandle, StoryMessage] = {}
        self._dropped: set[StoryKey] = set()
        self._closed = False

    @property
    def empty(self) -> bool:
        """Whether the queue holds no story, ready or delayed."""
        return not any(self._ready.values()) and not self._timers

    def put(self, story: StoryMessage, delay_s: float = 0.0) -> None:
        """Append a story, after a delay in seconds, unless it was dropped."""
        self._put((story, self._headers()), delay_s)

    def _put(self, waiting: Waiting, delay_s: float) -> None:
        story, _ = waiting
        if _key(story) in self._dropped:
            return
        if delay_s <= 0 or self._closed:
            self._ready[story.priority].append(waiting)
            self._changed()
            return

        def due() -> None:
            self._timers.pop(timer, None)
            self._put(waiting, _until_start(story))

        # Timers stand still while a laptop sleeps, and start times do not.
        wait_s = min(delay_s, LOOK_S) if _until_start(story) > 0 else delay_s
        timer = asyncio.get_running_loop().call_later(wait_s, due)
        self._timers[timer] = story

    def put_all(self, stories: Iterable[tuple[StoryMessage, float]]) -> None:
        """Append stories, each after its delay in seconds."""
        for story, delay_s in stories:
            self.put(story, delay_s)

    def take(self) -> Waiting | None:
        """Return the next story that is ready, with its headers, or None."""
        return next((waiting.popleft() for waiting in self._ready.values() if waiting), None)

    def drop(self, keys: Collection[StoryKey]) -> None:
        """Remove stories, ready or delayed, and take them no more: one may be on its way to its next attempt.

        Parameters:
            keys: their ids, each with the generation that is not to run
        """
        self._dropped.update(keys)
        for priority, waiting in self._ready.items():
            self._ready[priority] = deque(one for one in waiting if _key(one[0]) not in keys)
        for timer, story in [*self._timers.items()]:
            if _key(story) in keys:
                timer.cancel()
                del self._timers[timer]
        self._changed()

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

    def __init__(self, waiting: Waiting, settled: Callable[[], None]) -> None:
        story, self.headers = waiting
        self.body = encode(story)
        self.content_type: str | None = None
        self.delivery_count = 0
        self.died_of: str | None = None
        self.died_at = story.published_at
        self._settled = settled

    async def ack(self) -> bool:
        """Acknowledge the delivery."""
        self._settled()
        return True


def _key(story: StoryMessage) -> StoryKey:
    return story.story_id, story.generation


def _until_start(story: StoryMessage) -> float:
    """Return the seconds until a story's start time; 0 or less if it has none, or it has passed."""
    return seconds_until(story.starts_at) if story.starts_at else 0.0
