"""The estimated time left of a batch: a range derived from its own stories, or None.

A single number would be misleading: stories differ, workers come and go. The range spans the middle half of
the durations so far. There is none until two videos have been made, and stories whose video was found rather
than made do not count.
"""

from __future__ import annotations

import math
from datetime import datetime
from statistics import median, quantiles

from gt_common.lifecycle import BatchPhase, BatchState, StoryStatus
from gt_common.messages import StoryFailed, StoryReleased, StoryRetrying, StorySucceeded

MIN_STORIES = 2
INSTANT = 0.01
"""A story that took less than this fraction of the median had its video already."""

Range = tuple[float, float]


def eta_range(state: BatchState, now: datetime | None = None) -> Range | None:
    """Estimate the seconds left of an open batch, as (low, high).

    Waiting stories (retrying ones included) run in whole rounds of as many as are running now, at least one;
    each round takes from the first to the third quartile of the durations so far. A story that has exceeded
    the third quartile may take as long as the longest so far. The batch cannot end before a story that waits
    until a certain time.

    Parameters:
        now: if given, the time that running stories have already taken is subtracted, and waits count

    Returns:
        None if the batch is done, if fewer than two videos were made, or if all that is left has been running
        for longer than any other story
    """
    durations = _speeds(state)
    if state.phase is not BatchPhase.OPEN or len(durations) < MIN_STORIES:
        return None
    low, _, high = quantiles(durations, n=4, method="inclusive")
    counts = state.counts
    waiting = counts[StoryStatus.QUEUED] + counts[StoryStatus.RETRYING]
    rounds = math.ceil(waiting / max(counts[StoryStatus.RUNNING], 1))
    elapsed, longest = _elapsed(state, now), max(durations)
    if not waiting and elapsed and min(elapsed) > longest:
        return None
    rest = max((high - e if e < high else max(longest - e, 0.0) for e in elapsed), default=0.0)
    wait = _longest_wait(state, now)
    soonest, latest = rounds * low + _rest(elapsed, low), rounds * high + rest
    return (max(soonest, wait + low), max(latest, wait + high)) if wait else (soonest, latest)


def say_range(eta: Range) -> str:
    """Format an estimate: `about 38-52 min`, `about 1.5-2 h`, `under 10 s`."""
    low, high = eta
    if high < 10:
        return "under 10 s"
    unit, size, digits = ("s", 1, 0) if high < 100 else ("min", 60, 0) if high < 6000 else ("h", 3600, 1)
    start, end = (f"{round(value / size, digits):g}" for value in (low, high))
    return f"about {end} {unit}" if start == end else f"about {start}-{end} {unit}"


def _speeds(state: BatchState) -> list[float]:
    ended = [story.event for story in state.stories.values()]
    durations = [
        event.duration_s
        for event in ended
        if isinstance(event, StorySucceeded | StoryFailed) and event.duration_s
    ]
    least = INSTANT * median(durations) if durations else 0.0
    return [duration for duration in durations if duration >= least]


def _elapsed(state: BatchState, now: datetime | None) -> list[float]:
    """Return the seconds that each running story has taken so far."""
    events = [story.event for story in state.stories.values() if story.status is StoryStatus.RUNNING]
    starts = [event.started_at or event.at for event in events if event]
    return [max((now - start).total_seconds(), 0.0) if now else 0.0 for start in starts]


def _longest_wait(state: BatchState, now: datetime | None) -> float:
    """Return the seconds until the last story that waits for a certain time may continue."""
    events = [story.event for story in state.stories.values()]
    times = [e.until for e in events if isinstance(e, StoryRetrying | StoryReleased) and e.until]
    return max([0.0, *((time - now).total_seconds() for time in times if now)])


def _rest(elapsed: list[float], duration: float) -> float:
    return max((max(duration - seconds, 0.0) for seconds in elapsed), default=0.0)
