"""How long a provider asks to wait, in the words of its error."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from gt_common.durations import UNITS

_NUMBER = r"\d{1,10}(?:\.\d{1,12})?"
_UNIT = r"(?:ms|milliseconds?|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)"
_AND = r"(?:\s?,?\s?(?:and\s)?)"
_LENGTH = rf"{_NUMBER}\s?{_UNIT}(?:{_AND}{_NUMBER}\s?{_UNIT}){{0,3}}\b|{_NUMBER}\b(?![-:/])"
_BETWEEN = r"[^0-9a-z]{0,6}(?:seconds?\W{0,3})?(?:(?:about|around|approximately)\s|~)?"
_ASKED: Final = re.compile(
    rf"(?:(?:retry|try)[ _-]*(?:again[ _-]*)?(?:after|in|delay)(?P<ms>[_-]ms)?{_BETWEEN}"
    r"|\b(?:please )?wait (?:for )?(?:at least )?|\btake a break for |\btimed out for "
    rf"|\bexpected available in {_BETWEEN}"
    rf"|\bresets? (?:in|after){_BETWEEN}"
    rf"|ratelimit-reset(?:-[a-z]{{1,20}})?{_BETWEEN})"
    rf"(?P<length>{_LENGTH})",
    re.IGNORECASE,
)
_PART: Final = re.compile(rf"({_NUMBER})\s?({_UNIT})?", re.IGNORECASE)
_DATE: Final = re.compile(
    r"retry[ _-]?after[^0-9a-z]{0,6}"
    r"([a-z]{3}, \d{2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))",
    re.IGNORECASE,
)
_MORE_UNITS: Final = {"millisecond": 0.001, "milliseconds": 0.001, "hr": 3600.0, "hrs": 3600.0}
_EPOCH: Final = 1_000_000_000.0
"""A greater number is a time in seconds since 1970, not a length, as in GitHub's `x-ratelimit-reset`."""


def asked_wait(message: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """Return the seconds that a message asks to wait; None if it names no time.

    Forms that count:

    `retry after 30 s`, `try again in 7m12.5s`, `retryDelay: '36s'`, `Retry-After: Wed, 21 Oct 2026 07:28:00
    GMT`, `wait at least 57.0 seconds`, `Take a break for 8 minutes`, `resets in ~5s`.
    """
    if dated := _DATE.search(message):
        return _until(dated[1], now())
    match = _ASKED.search(message)
    if match is None:
        return None
    parts = _PART.findall(match["length"])
    seconds = sum(float(amount) * _unit(unit) for amount, unit in parts)
    if match["ms"]:
        return seconds / 1000
    is_time = seconds >= _EPOCH and not any(unit for _, unit in parts)
    return max(0.0, seconds - now().timestamp()) if is_time else seconds


def _unit(word: str) -> float:
    name = word.lower() or "s"
    return UNITS[name] if name in UNITS else _MORE_UNITS[name]


def _until(text: str, now: datetime) -> float | None:
    try:
        when = datetime.fromisoformat(text) if text[0].isdigit() else parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (when - now).total_seconds())
