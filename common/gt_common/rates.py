"""Rate limits as people write them: `gemini=10/minute,stories=20/hour`, or with a duration `gemini=5/10s`."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

from gt_common.durations import parse_duration
from gt_common.errors import UsageError

STORIES = "stories"
"""The name whose limit counts starts of stories; it needs nothing of the orchestrator."""

_UNITS = {
    **dict.fromkeys(("second", "s"), 1.0),
    **dict.fromkeys(("minute", "m"), 60.0),
    **dict.fromkeys(("hour", "h"), 3600.0),
    **dict.fromkeys(("day", "d"), 86400.0),
}
_RATE = re.compile(r"([a-z0-9_-]{1,40})\s*=\s*([0-9]{1,7})\s*/\s*([a-z0-9.]{1,20})")
_MOST_S = 31 * 86400.0


@dataclass(frozen=True)
class Rate:
    """At most `count` calls to a provider in any `per_s` seconds.

    Parameters:
        provider: the name that orchestrators give to `job().acquire`
    """

    provider: str
    count: int
    per_s: float

    @property
    def margin_s(self) -> float:
        """Seconds by which a call may come after its grant without breaking the limit.

        A twentieth of the window, at least a quarter of a second and at most two.
        """
        return min(2.0, max(0.25, self.per_s / 20))

    @property
    def window_s(self) -> float:
        """Seconds in which at most `count` grants are given: the window itself and the margin.

        Calls that come up to `margin_s` after their grants are then still within the limit.
        """
        return self.per_s + self.margin_s

    @property
    def interval_s(self) -> float:
        """Seconds between two grants that are spread evenly."""
        return self.window_s / self.count


def parse_rates(text: str) -> tuple[Rate, ...]:
    """Read rate limits, separated by commas; nothing means no limits.

    Raises:
        UsageError: not of that form, a provider named twice, or a count or a time out of its bounds
    """
    rates = tuple(_parse(part.strip()) for part in text.split(",") if part.strip())
    names = [rate.provider for rate in rates]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the provider {twice} has two limits; give one")
    return rates


def _parse(part: str) -> Rate:
    match = _RATE.fullmatch(part)
    if match is None:
        raise UsageError(
            f"not a rate limit: {part[:80]!r}; write for example gemini=10/minute or stories=5/10s, "
            "with a name of a-z, 0-9, _ and -"
        )
    provider, count, per = match.groups()
    rate = Rate(provider, int(count), _seconds(part, per))
    if not rate.count:
        raise UsageError(f"{part!r} allows nothing; the count must be at least 1")
    if not 1.0 <= rate.per_s <= _MOST_S:
        raise UsageError(f"{part!r}: the time must lie between 1s and 31d")
    return rate


def _seconds(part: str, per: str) -> float:
    if per in _UNITS:
        return _UNITS[per]
    if per[-1].isalpha():
        with contextlib.suppress(UsageError):
            return parse_duration(per)
    raise UsageError(
        f"{part!r}: {per!r} is no time; write second, minute, hour, day or a duration such as 10s"
    )
