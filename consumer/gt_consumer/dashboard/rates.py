"""How many stories start and end, counted from the events that pass."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from gt_common.messages import StoryFailed, StoryRetrying, StoryStarted, StorySucceeded

if TYPE_CHECKING:
    from gt_common.messages import Event

KEPT: Final = 720
"""Samples that are kept for the curves."""
WINDOW_S: Final = 300.0
"""Over how long a rate is taken, in seconds."""

_KINDS: Final = {StoryStarted: 0, StorySucceeded: 1, StoryRetrying: 2, StoryFailed: 3}


class Sample(NamedTuple):
    """The fleet at a time; None where this user may not see it.

    Parameters:
        at: seconds since the epoch
        waiting: stories in the queue
        retrying: stories that wait for their next attempt, or for their start time
        dead: dead letters
        unstored: events that are not in the ledger yet
        busy: slots in use
        ended: stories that succeeded or failed since this dashboard runs
    """

    at: float
    waiting: int | None
    retrying: int | None
    dead: int | None
    unstored: int | None
    busy: int
    slots: int
    ended: int


class Rates:
    """Counts events and keeps samples of the fleet.

    Parameters:
        clock: returns seconds; tests pass their own
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._events: tuple[deque[float], ...] = tuple(deque[float]() for _ in _KINDS)
        self.ended = 0
        self.samples: deque[Sample] = deque(maxlen=KEPT)

    def count(self, event: Event) -> None:
        """Count an event."""
        kind = _KINDS.get(type(event))
        if kind is None:
            return
        self._events[kind].append(self._clock())
        self.ended += isinstance(event, StorySucceeded | StoryFailed)

    def per_minute(self) -> dict[str, float]:
        """Return how many stories started, succeeded, were retried and failed in a minute."""
        now = self._clock()
        seconds = min(max(now - self._since, 1.0), WINDOW_S)
        names = ("started", "succeeded", "retried", "failed")
        return {
            name: self._count(times, now) * 60 / seconds
            for name, times in zip(names, self._events, strict=True)
        }

    @staticmethod
    def _count(times: deque[float], now: float) -> int:
        while times and now - times[0] > WINDOW_S:
            times.popleft()
        return len(times)
