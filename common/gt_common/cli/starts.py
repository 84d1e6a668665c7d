"""What a command says of the start times of its stories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gt_common.durations import say_duration
from gt_common.messages import utc_now
from gt_common.stories import Story
from gt_common.stories.schedule import Schedule, Waits
from gt_common.texts import plural


def say_start(schedule: Schedule | None, stories: Sequence[Story]) -> str:
    """Format when the stories start: `starts at 22:00, in 1 h 20 min`; empty if all start at once."""
    if schedule is None:
        return ""
    now = utc_now()
    waits = schedule.waits(stories, now)
    if waits is None:
        passed = schedule.start_after is not None
        return f"starts at once, because {schedule.start_after} has passed" if passed else ""
    return said_waits(waits, len(stories), now)


def said_waits(waits: Waits, total: int, now: datetime) -> str:
    """Format when stories start that wait for their start times.

    Parameters:
        total: number of stories, those included that start at once
    """
    first = f"{_clock(waits.first)}, in {say_duration((waits.first - now).total_seconds())}"
    if waits.count == total and waits.first == waits.last:
        return f"starts at {first}"
    some = plural(total, "story")
    some = some if waits.count == total else f"{waits.count} of {some}"
    verb = "starts" if waits.count == 1 else "start"
    if waits.first == waits.last:
        return f"{some} {verb} later: at {first}"
    return f"{some} {verb} later: the first at {first}, the last at {_clock(waits.last)}"


def start_column(start: datetime | None) -> str:
    """Return the last column of a story's line in a dry run; empty if it has no start time."""
    return f"\tstarts at {start.astimezone():%Y-%m-%d %H:%M}" if start else ""


def _clock(when: datetime) -> str:
    local, today = when.astimezone(), datetime.now().astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
