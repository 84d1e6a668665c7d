"""For which providers the runs of a worker wait, as its signs of life tell it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from gt_common.messages import utc_now
from gt_common.messaging.presence.beats import ProviderWait
from gt_common.messaging.rate_limits.notices import PauseNotice, StartNotice
from gt_common.settings import load_settings
from gt_consumer.limits.fleet import FleetLimiter
from support.waiting import until


class Nobody:
    """A publisher whose notices nobody hears."""

    async def notice(self, notice: PauseNotice | StartNotice) -> None:
        """Take a notice."""


async def test_pauses_and_runs_that_wait_are_told_until_they_are_over() -> None:
    limiter = FleetLimiter(load_settings(rate_limits="elevenlabs=1/hour"), Nobody())
    assert limiter.waits() == []
    ends = utc_now() + timedelta(hours=1)
    await limiter.pause("gemini", ends)
    runs = [asyncio.create_task(limiter.acquire(provider)) for provider in ("gemini", "elevenlabs", "gemini")]
    await until(
        lambda: (
            limiter.waits()
            == [
                ProviderWait(provider="elevenlabs", runs=1),
                ProviderWait(provider="gemini", until=ends, runs=2),
            ]
        )
    )
    for run in runs:
        run.cancel()
    await asyncio.gather(*runs, return_exceptions=True)
    assert limiter.waits() == [ProviderWait(provider="gemini", until=ends)]
    await limiter.acquire("free")
    assert [wait.provider for wait in limiter.waits()] == ["gemini"]
