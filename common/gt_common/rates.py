"""Rate limits as users write them: `gemini=10/minute,stories=20/hour`, or with a duration `gemini=5/10s`."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

from gt_common.durations import UNITS, parse_duration
from gt_common.errors import UsageError

STORIES = "stories"
"""The provider name whose limit counts starts of stories; the orchestrator need not ask for it."""

_RATE = re.compile(r"([a-z0-9_-]{1,40})\s*=\s*([0-9]{1,7})\s*/\s*([a-z0-9.]{1,20})")
_LONGEST_S = 31 * 86400.0


@dataclass(frozen=True)
class Rate:
    """A limit: at most `count` calls to a provider in any `per_s` seconds.

    Parameters:
        provider: the name that orchestrators pass to `job().acquire`
    """

    provider: str
    count: int
    per_s: float

    @property
    def margin_s(self) -> float:
        """Seconds that a call may come after its grant without breaking the limit.

        A twentieth of the window, but at least a quarter of a second and at most two seconds.
        """
        return min(2.0, max(0.25, self.per_s / 20))

    @property
    def window_s(self) -> float:
        """Seconds in which at most `count` calls are granted: `per_s` plus the margin.

        Calls that come up to `margin_s` after their grants are then still within the limit.
        """
        return self.per_s + self.margin_s

    @property
    def interval_s(self) -> float:
        """Seconds between two grants that are spread evenly over the window."""
        return self.window_s / self.count


def parse_rates(text: str) -> tuple[Rate, ...]:
    """Parse rate limits separated by commas; an empty text means no limits.

    Raises:
        UsageError: the form is wrong, a provider has two limits, or a count or time is out of bounds
    """
    rates = tuple(_parse(part.strip()) for part in text.split(",") if part.strip())
    names = [rate.provider for rate in rates]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice} has two limits; keep one of them")
    return rates


def _parse(part: str) -> Rate:
    match = _RATE.fullmatch(part)
    if match is None:
        raise UsageError(
            f"invalid rate limit {part[:80]!r}: expected for example gemini=10/minute or stories=5/10s, "
            "with a name of a-z, 0-9, _ and -"
        )
    provider, count, per = match.groups()
    rate = Rate(provider, int(count), _seconds(part, per))
    if not rate.count:
        raise UsageError(f"{part!r}: the count must be at least 1")
    if not 1.0 <= rate.per_s <= _LONGEST_S:
        raise UsageError(f"{part!r}: the time must be between 1s and 31d")
    return rate


def _seconds(part: str, per: str) -> float:
    if per in UNITS:
        return UNITS[per]
    if per[-1].isalpha():
        with contextlib.suppress(UsageError):
            return parse_duration(per)
    raise UsageError(
        f"{part!r}: unknown unit {per!r}; use second, minute, hour, day or a duration such as 10s"
    )
