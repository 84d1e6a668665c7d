"""Waiting between tries."""

from __future__ import annotations

import asyncio

import pytest

from gt_common.messaging.backoff import Backoff


async def test_delays_double_up_to_the_ceiling_and_start_again_after_a_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    backoff = Backoff(first=1.0, ceiling=4.0)
    assert [await backoff.wait() for _ in range(4)] == [True] * 4
    backoff.reset()
    await backoff.wait()
    for seconds, longest in zip(slept, [1, 2, 4, 4, 1], strict=True):
        assert longest / 2 <= seconds <= longest


async def test_a_stop_ends_the_wait_at_once_and_forbids_another_try() -> None:
    stop = asyncio.Event()
    backoff = Backoff(first=3600.0, ceiling=3600.0, stop=stop)
    wait = asyncio.create_task(backoff.wait())
    asyncio.get_running_loop().call_soon(stop.set)
    async with asyncio.timeout(5):
        assert await wait is False


async def test_without_a_stop_the_next_try_comes() -> None:
    assert await Backoff(first=0.001, stop=asyncio.Event()).wait() is True
