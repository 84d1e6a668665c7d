"""Durations as people write them: `90s`, `10m`, `1h30m`, `250ms`."""

from __future__ import annotations

import re
from typing import Final

from gt_common.errors import UsageError

UNITS: Final = {
    "ms": 0.001,
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
"""Seconds in each unit, under every name that people write."""

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
YEAR_S: Final = 366 * 86400.0


def parse_duration(text: str | float, most_years: int = 1) -> float:
    """Parse a duration into seconds; a bare number means seconds.

    Raises:
        UsageError: it is malformed, negative or too long
    """
    if isinstance(text, (int, float)):
        seconds = float(text)
    else:
        compact = text.strip().lower()
        if re.fullmatch(r"\d+(\.\d+)?", compact):
            seconds = float(compact)
        elif compact and not _PART.sub("", compact):
            seconds = sum(float(number) * UNITS[unit] for number, unit in _PART.findall(compact))
        else:
            raise UsageError(f"invalid duration {text!r}: write for example 90s, 10m or 1h30m")
    if not 0 <= seconds <= most_years * YEAR_S:
        most = "a year" if most_years == 1 else f"{most_years} years"
        raise UsageError(f"invalid duration {text!r}: it must be between 0 and {most}")
    return seconds


def duration_label(seconds: float) -> str:
    """Format a delay for queue names, short and unambiguous: `200ms`, `10s`, `5m`, `2h`."""
    milliseconds = round(seconds * 1000)
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds >= size and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def say_duration(seconds: float) -> str:
    """Format a duration for people, with at most two units: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    if days < 14:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{days // 7} weeks" if days < 100 else f"{days} d"
