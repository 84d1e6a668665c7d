"""Grants that outlive their process: later and concurrent processes keep to the same limit."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gt_common.rates import Rate
from gt_consumer.limits.local import LocalLimiter
from gt_consumer.limits.sliding_window import SharedWindow

RATE = Rate("p", 1, 60.0)
TAKE_TEN = """
import asyncio, sys, time
from pathlib import Path
from gt_common.rates import Rate
from gt_consumer.limits.local import LocalLimiter

async def main():
    limiter = LocalLimiter([Rate("gemini", 4, 1.0)], folder=Path(sys.argv[1]))
    for _ in range(10):
        await limiter.acquire("gemini")
        print(time.time(), flush=True)

asyncio.run(main())
"""


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 40)), min_size=1, max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_several_processes_with_one_folder_stay_within_the_limit_together(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, float]]
) -> None:
    folder, rate = tmp_path_factory.mktemp("limits"), Rate("a/b", 3, 60.0)
    windows = [SharedWindow(rate, folder) for _ in range(3)]
    now, grants = 1000.0, []
    for which, seconds in steps:
        now += seconds
        while wait_s := windows[which].take(now):
            now += wait_s
        grants.append(now)
    for first in grants:
        assert sum(first <= at < first + rate.window_s for at in grants) <= rate.count


async def test_a_killed_process_leaves_its_grants_to_the_next(tmp_path: Path) -> None:
    grants: list[float] = []
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", TAKE_TEN, str(tmp_path / "limits"), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        grants += [float(await process.stdout.readline()) for _ in range(3)]
        process.send_signal(signal.SIGKILL)
        # What it was granted and had printed before it died.
        grants += [float(line) for line in (await process.stdout.read()).splitlines()]
        assert await process.wait() == -signal.SIGKILL
    # A time is printed a little after its grant: the margin of the rate's window allows for that.
    for first in grants:
        assert sum(first <= at < first + 1.0 for at in grants) <= 4


def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_a_window(tmp_path: Path) -> None:
    rate = RATE
    assert SharedWindow(rate, tmp_path).take(10_000.0) == 0
    late = SharedWindow(rate, tmp_path)
    assert late.take(5000.0) == rate.window_s
    assert late.take(5000.0 + rate.window_s - 1.0) == pytest.approx(1.0)
    assert late.take(5000.0 + rate.window_s) == 0


def test_a_limit_that_was_changed_holds_with_the_grants_of_before(tmp_path: Path) -> None:
    for at in range(5):
        assert SharedWindow(Rate("p", 5, 60.0), tmp_path).take(100.0 + at) == 0
    fewer = Rate("p", 2, 60.0)
    assert SharedWindow(fewer, tmp_path).take(110.0) == pytest.approx(103.0 + fewer.window_s - 110.0)
    assert SharedWindow(Rate("p", 6, 60.0), tmp_path).take(110.0) == 0


def test_a_damaged_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"\0" * 11)
    window = SharedWindow(RATE, tmp_path)
    assert window.take(100.0) == 0
    assert window.take(101.0) == pytest.approx(RATE.window_s - 1)


def test_without_a_file_the_process_keeps_to_the_limit_by_itself(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    window = SharedWindow(RATE, tmp_path)
    assert window.take(100.0) == 0
    assert window.take(101.0) == pytest.approx(RATE.window_s - 1)


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "limits"
    SharedWindow(Rate("../../evil", 1, 60.0), folder).take(100.0)
    assert [path.parent for path in tmp_path.rglob("*evil*")] == [folder]


async def test_a_limiter_takes_the_time_of_day_where_others_share_it(tmp_path: Path) -> None:
    await LocalLimiter([RATE], folder=tmp_path).acquire("p")
    assert 0 < SharedWindow(RATE, tmp_path).take(time.time()) <= RATE.window_s
    assert (tmp_path / "p").stat().st_mode & 0o077 == 0
