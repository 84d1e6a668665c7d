"""Sixty requests in any minute and no more; what Reddit's headers ask for."""

from __future__ import annotations

import asyncio
from itertools import cycle

import pytest

from gt_common.reddit.pace import UNNAMED_WAIT, Pace, read_seconds, retry_after


class Time:
    """A clock that advances only while somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


async def test_a_burst_passes_at_once_and_the_rest_waits_for_the_window() -> None:
    time = Time()
    pace = Pace(3, 60.0, clock=time, pause=time.pass_by)
    passed = []
    for _ in range(7):
        await pace.turn()
        passed.append(time.now - 1000)
    assert passed == [0, 0, 0, 60, 60, 60, 120]


async def test_no_window_has_more_than_it_may() -> None:
    time = Time()
    pace = Pace(clock=time, pause=time.pass_by)
    steps = cycle([0.0, 0.0, 0.125, 1.5, 0.0, 0.25, 0.75])  # exact in binary
    passed: list[float] = []
    for _ in range(400):
        time.now += next(steps)
        await pace.turn()
        passed.append(time.now)
    # The window that begins with a request holds it and 59 more at most.
    assert all(later - first >= 60 for first, later in zip(passed, passed[60:], strict=False))
    assert passed[59] - passed[0] < 60


async def test_many_at_once_take_turns() -> None:
    time = Time()
    pace = Pace(2, 10.0, clock=time, pause=time.pass_by)
    await asyncio.gather(*(pace.turn() for _ in range(6)))
    assert time.now == 1020.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"x-ratelimit-remaining": "1.0", "x-ratelimit-reset": "300"}, 0.0),
        ({"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "300"}, 300.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, 1.0),
        ({"x-ratelimit-remaining": "0"}, 0.0),
    ],
)
def test_headers_that_close(headers: dict[str, str], seconds: float) -> None:
    time = Time()
    pace = Pace(clock=time, pause=time.pass_by)
    pace.heed(headers)
    assert pace.closed_for() == seconds
    time.now += seconds
    assert pace.closed_for() == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "x-ratelimit-reset": "42"}, 42.0),
        ({}, UNNAMED_WAIT),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize("text", [None, "", "soon", "nan", "-1", "1e9", "inf"])
def test_no_sensible_number(text: str | None) -> None:
    assert read_seconds(text) is None
