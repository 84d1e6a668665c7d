"""Durations as they are shown: at most two units, the greater first."""

from __future__ import annotations

import pytest

from gt_common.durations import parse_duration, say_duration
from gt_common.errors import UsageError

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (45, "45 s"),
        (200, "3 min 20 s"),
        (47 * HOUR + 300, "47 h 5 min"),
        (2 * DAY, "2 d"),
        (3 * DAY + 4 * HOUR + 59, "3 d 4 h"),
        (20 * DAY, "2 weeks"),
        (6507 * HOUR, "271 d"),
    ],
)
def test_a_duration_is_said_in_units_of_its_size(seconds: float, said: str) -> None:
    assert say_duration(seconds) == said


def test_a_caller_may_allow_more_than_a_year() -> None:
    assert parse_duration("730d", most_years=100) == 730 * 86400
    with pytest.raises(UsageError, match="between 0 and 2 years"):
        parse_duration("800d", most_years=2)
