"""The estimated time left of a batch: a range derived from its own stories, or None.

A single number would be misleading: stories differ, workers come and go. The range spans the middle half of
the durations so far. There is none until two videos have been made, and stories whose video was found rather
than made do not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from gt_common import messages
from gt_common.ledger.unchecked_stories import UncheckedStory
from gt_common.lifecycle import BatchPhase, BatchState, StoryState, StoryStatus
from gt_common.report.sorted_values import SortedValues

MIN_STORIES: Final = 2
INSTANT: Final = 0.01
"""A story that took less than this fraction of the median had its video already."""

Range = tuple[float, float]


class Pace:
    """How fast the stories of a batch go: what an estimate needs, kept story by story.

    A change of one story costs the same in a batch of any size.
    """

    def __init__(self, stories: Iterable[StoryState] = ()) -> None:
        self._starts: dict[str, datetime] = {}
        self._new_durations: list[float] = []
        self._new_waits: list[float] = []
        self._durations, self._waits = SortedValues(), SortedValues()
        for story in stories:
            self.add(story)
        self._sort()

    def add(self, story: StoryState) -> None:
        """Note a story that was not noted before; cheaper for many than `change`."""
        if (took := _took(story)) is not None:
            self._new_durations.append(took)
        elif (until := _waits_until(story)) is not None:
            self._new_waits.append(until)
        else:
            self._note_start(story)

    def add_unchecked(self, story: UncheckedStory) -> None:
        """Note a story that was not noted before; see `add`."""
        if story.until is not None:
            self._new_waits.append(story.until.timestamp())
        elif story.duration_s:
            self._new_durations.append(story.duration_s)

    def _sort(self) -> None:
        if self._new_durations or self._new_waits:
            self._durations = SortedValues([*self._durations, *self._new_durations])
            self._waits = SortedValues([*self._waits, *self._new_waits])
            self._new_durations, self._new_waits = [], []

    def change(self, before: StoryState | None, after: StoryState) -> None:
        """Note that a story has changed."""
        self._sort()
        for values, measure in ((self._durations, _took), (self._waits, _waits_until)):
            old = None if before is None else measure(before)
            new = measure(after)
            if old == new:
                continue
            if old is not None:
                values.remove(old)
            if new is not None:
                values.add(new)
        self._note_start(after)

    def eta(self, counts: Mapping[StoryStatus, int], now: datetime | None = None) -> Range | None:
        """Estimate the seconds left of an open batch, as (low, high).

        Waiting stories (retrying ones included) run in whole rounds of as many as are running now, at least
        one; each round takes from the first to the third quartile of the durations so far. A story that has
        exceeded the third quartile may take as long as the longest so far. The batch cannot end before a
        story that waits until a certain time.

        Parameters:
            counts: the number of stories at each status
            now: if given, the time that running stories have already taken is subtracted, and waits count

        Returns:
            None if fewer than two videos were made, or if all that is left has been running for longer than
            any other story
        """
        self._sort()
        quartiles = self._quartiles()
        if quartiles is None:
            return None
        low, high = quartiles
        waiting = counts[StoryStatus.QUEUED] + counts[StoryStatus.RETRYING]
        rounds = math.ceil(waiting / max(counts[StoryStatus.RUNNING], 1))
        elapsed, longest = self._elapsed(now), self._durations[len(self._durations) - 1]
        if not waiting and elapsed and min(elapsed) > longest:
            return None
        rest = max((high - e if e < high else max(longest - e, 0.0) for e in elapsed), default=0.0)
        wait = self._longest_wait(now)
        soonest, latest = rounds * low + _rest(elapsed, low), rounds * high + rest
        return (max(soonest, wait + low), max(latest, wait + high)) if wait else (soonest, latest)

    def _quartiles(self) -> Range | None:
        """Return the first and the third quartile of the durations that are not instant, as `statistics`."""
        found = self._durations
        size = len(found)
        if size < MIN_STORIES:
            return None
        median = (found[(size - 1) // 2] + found[size // 2]) / 2
        first = found.below(INSTANT * median)
        last = size - first - 1
        if last + 1 < MIN_STORIES:
            return None
        ends = []
        for quarter in (1, 3):
            place, part = divmod(quarter * last, 4)
            here, after = found[first + place], found[first + min(place + 1, last)]
            ends.append((here * (4 - part) + after * part) / 4)
        return ends[0], ends[1]

    def _elapsed(self, now: datetime | None) -> list[float]:
        """Return the seconds that each running story has taken so far."""
        starts = list(self._starts.values())
        return [max((now - start).total_seconds(), 0.0) if now else 0.0 for start in starts]

    def _longest_wait(self, now: datetime | None) -> float:
        """Return the seconds until the last story that waits for a certain time may continue."""
        if now is None or not len(self._waits):
            return 0.0
        return max(self._waits[len(self._waits) - 1] - now.timestamp(), 0.0)

    def _note_start(self, story: StoryState) -> None:
        if story.event is not None and story.status is StoryStatus.RUNNING:
            self._starts[story.story_id] = story.event.started_at or story.event.at
        else:
            self._starts.pop(story.story_id, None)


def eta_range(state: BatchState, now: datetime | None = None) -> Range | None:
    """Estimate the seconds left of a batch from all its stories; see `Pace.eta`. None if it is done."""
    if state.phase is not BatchPhase.OPEN:
        return None
    return Pace(state.stories.values()).eta(state.counts, now)


def say_range(eta: Range) -> str:
    """Format an estimate: `about 38-52 min`, `about 1.5-2 h`, `under 10 s`."""
    low, high = eta
    if high < 10:
        return "under 10 s"
    unit, size, digits = ("s", 1, 0) if high < 100 else ("min", 60, 0) if high < 6000 else ("h", 3600, 1)
    start, end = (f"{round(value / size, digits):g}" for value in (low, high))
    return f"about {end} {unit}" if start == end else f"about {start}-{end} {unit}"


def _took(story: StoryState) -> float | None:
    """Return the seconds that a finished story took."""
    event = story.event
    return (
        (event.duration_s or None)
        if isinstance(event, messages.StorySucceeded | messages.StoryFailed)
        else None
    )


def _waits_until(story: StoryState) -> float | None:
    """Return the time until which a story waits, in seconds since the epoch."""
    event = story.event
    if isinstance(event, messages.StoryRetrying | messages.StoryReleased) and event.until:
        return event.until.timestamp()
    if event is None and story.not_before is not None:
        return story.not_before.timestamp()
    return None


def _rest(elapsed: list[float], duration: float) -> float:
    return max((max(duration - seconds, 0.0) for seconds in elapsed), default=0.0)
