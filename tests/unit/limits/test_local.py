"""The limiter of one process, with a clock that the test controls."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gt_common.rates import Rate
from gt_consumer.limits.local import LocalLimiter

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """Time that passes only when somebody waits, or when the test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def nap(self, seconds: float) -> None:
        self.seconds += seconds


def a_limiter(clock: Clock, *rates: Rate) -> LocalLimiter:
    return LocalLimiter(rates, clock=clock.monotonic, now=clock.now, sleep=clock.nap)


@given(
    st.integers(1, 6),
    st.floats(1, 100),
    st.lists(st.tuples(st.booleans(), st.floats(0, 60)), min_size=1, max_size=60),
)
def test_never_more_than_the_count_in_any_window_and_none_in_a_pause(
    count: int, per_s: float, steps: list[tuple[bool, float]]
) -> None:
    async def run() -> list[float]:
        clock, grants, paused_until = Clock(), [], 0.0
        limiter = a_limiter(clock, Rate("p", count, per_s))
        for pause, seconds in steps:
            if pause:
                await limiter.pause("p", clock.now() + timedelta(seconds=seconds))
                paused_until = max(paused_until, clock.seconds + seconds)
            else:
                clock.seconds += seconds
            await limiter.acquire("p")
            assert clock.seconds >= paused_until - 1e-3
            grants.append(clock.seconds)
        return grants

    grants = asyncio.run(run())
    for first in grants:
        assert sum(first <= at < first + per_s for at in grants) <= count


async def test_a_first_burst_is_granted_at_once_and_the_next_waits_for_the_window() -> None:
    clock, rate = Clock(), Rate("p", 3, 60.0)
    limiter = a_limiter(clock, rate)
    for _ in range(3):
        await limiter.acquire("p")
    assert clock.seconds == 0
    await limiter.acquire("p")
    assert clock.seconds == rate.window_s


async def test_calls_are_granted_in_the_order_of_asking() -> None:
    limiter, granted = a_limiter(Clock(), Rate("p", 1, 1.0)), []

    async def call(number: int) -> None:
        await limiter.acquire("p")
        granted.append(number)

    await asyncio.gather(*(call(number) for number in range(10)))
    assert granted == list(range(10))


async def test_a_cancelled_wait_uses_up_no_grant() -> None:
    entered = asyncio.Event()

    async def nap(_seconds: float) -> None:
        entered.set()
        await asyncio.Event().wait()

    clock = Clock()
    limiter = LocalLimiter((Rate("p", 1, 10.0),), clock=clock.monotonic, now=clock.now, sleep=nap)
    await limiter.acquire("p")
    waiting = asyncio.create_task(limiter.acquire("p"))
    await entered.wait()
    waiting.cancel()
    await asyncio.wait({waiting})
    clock.seconds = 11.0
    async with asyncio.timeout(1):
        await limiter.acquire("p")


async def test_providers_do_not_wait_for_each_other_and_unlimited_ones_not_at_all() -> None:
    clock = Clock()
    limiter = a_limiter(clock, Rate("p", 1, 60.0), Rate("q", 1, 60.0))
    await limiter.acquire("p")
    await limiter.acquire("q")
    for _ in range(100):
        await limiter.acquire("free")
    assert clock.seconds == 0


async def test_a_provider_without_a_limit_can_be_paused_and_a_shorter_pause_changes_nothing() -> None:
    clock = Clock()
    limiter = a_limiter(clock)
    await limiter.pause("free", clock.now() + timedelta(seconds=30))
    await limiter.pause("free", clock.now() + timedelta(seconds=10))
    await limiter.acquire("other")
    assert clock.seconds == 0
    await limiter.acquire("free")
    assert clock.seconds == 30
