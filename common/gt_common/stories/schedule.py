"""When stories may start and which of them come first, as flags and lines of lists say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from gt_common.durations import parse_duration
from gt_common.errors import UsageError
from gt_common.stories.priority import Priority
from gt_common.stories.story import Story, StoryTable

JUST_PASSED: Final = timedelta(minutes=1)
"""A time of day that has passed so recently means now, not tomorrow: cron may have started the command."""
MOST_AHEAD: Final = timedelta(days=366)
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+", re.ASCII)


def parse_start(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Parse a start time: `2h` from now, `22:00` for the next such moment, or ISO 8601.

    Of a time of day that comes twice because the clock is put back, the first one counts that is not over;
    one that is skipped because it is put forward means as much later.

    Parameters:
        now: aware time
        zone: of times without one; None is that of this machine

    Raises:
        UsageError: it is not a time, or is more than a year ahead
    """
    # Times in one zone would be compared without regard to changes of its clock.
    now, compact = now.astimezone(UTC), text.strip()
    if match := _CLOCK.fullmatch(compact):
        start = _next(time(int(match[1]), int(match[2]), int(match[3] or 0)), now, zone)
    elif _DURATION.fullmatch(compact.lower()):
        start = now + _parse_wait(compact)
    else:
        start = _parse_date(compact, zone)
    if start - now > MOST_AHEAD:
        raise _too_late(text)
    return start


def _parse_wait(text: str) -> timedelta:
    try:
        return timedelta(seconds=parse_duration(text))
    except UsageError:
        raise _too_late(text) from None


def _too_late(text: str) -> UsageError:
    return UsageError(f"invalid start time {text!r}: more than a year ahead")


def _next(clock: time, now: datetime, zone: tzinfo | None) -> datetime:
    today = now.astimezone(zone).date()
    moments = (
        _aware(datetime.combine(today + timedelta(days=day), clock, None).replace(fold=fold), zone)
        for day in (-1, 0, 1, 2)
        for fold in (0, 1)
    )
    return next(moment for moment in moments if moment > now - JUST_PASSED)


def _parse_date(text: str, zone: tzinfo | None) -> datetime:
    try:
        given = datetime.fromisoformat("" if text.isdecimal() else text)
        return given.astimezone(UTC) if given.tzinfo else _aware(given, zone)
    except (ValueError, OverflowError):
        raise UsageError(
            f"invalid start time {text!r}: expected a duration such as 2h, a time of day such as 22:00, "
            "or a date and time such as 2026-11-28T22:00"
        ) from None


def _aware(local: datetime, zone: tzinfo | None) -> datetime:
    return (local if zone is None else local.replace(tzinfo=zone)).astimezone(UTC)


@dataclass(frozen=True)
class Waits:
    """Stories that wait for their start times: how many, and the first and the last time."""

    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Schedule:
    """When the stories of a list start, and which come first; a line's own values count before these.

    Parameters:
        now: the time from which start times are counted; a batch that is continued keeps its first one
        start_after: start time of the lines that have none, as it was given
        priority: of the lines that have none
        zone: of times without one; None is that of this machine
    """

    now: datetime
    start_after: str | None = None
    priority: Priority | None = None
    zone: tzinfo | None = None
    _parsed: dict[str, datetime] = field(default_factory=dict, repr=False, compare=False)

    @property
    def start(self) -> datetime | None:
        """Start time of the lines that have none; None if they start when a worker is free."""
        return self._start_of(self.start_after)

    def start_of(self, story: Story) -> datetime | None:
        """Return the start time of a story; None if it has none, or one that was over already.

        Raises:
            UsageError: it is not a time
        """
        return self._start_of(story.start_after or self.start_after)

    def priority_of(self, story: Story) -> Priority:
        """Return the priority of a story."""
        return Priority(story.priority) if story.priority else self.priority or Priority.NORMAL

    def waits(self, stories: Sequence[Story], now: datetime) -> Waits | None:
        """Return how many stories wait for a start time that is still ahead; None if none does."""
        if has_own(stories):
            ahead = [start for start in map(self.start_of, stories) if start is not None and start > now]
            return Waits(len(ahead), min(ahead), max(ahead)) if ahead else None
        start = self.start
        return Waits(len(stories), start, start) if start is not None and start > now else None

    def _start_of(self, text: str | None) -> datetime | None:
        if text is None:
            return None
        if text not in self._parsed:
            self._parsed[text] = parse_start(text, self.now, self.zone)
        start = self._parsed[text]
        return start if start > self.now else None


def has_own(stories: Sequence[Story]) -> bool:
    """Whether any story has a start time or priority of its own; a `StoryTable` knows without looking."""
    if isinstance(stories, StoryTable):
        return stories.has_own
    return any(story.start_after or story.priority for story in stories)


def check_start(text: str) -> str:
    """Check a start time from the user; return it as it was given.

    Raises:
        UsageError: it is not a time
    """
    try:
        parse_start(text, datetime.now(UTC))
    except UsageError as error:
        raise UsageError(str(error).replace("start time", "--start-after", 1)) from None
    return text
