"""A child waits for permits: its time limit, its stage, several permits at once, and abandoned requests."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gt_common.messages import utc_now
from gt_common.rates import Rate
from gt_consumer.limits.local import LocalLimiter
from gt_consumer.runner.child_execution import ChildExecutor
from gt_consumer.runner.outcomes import FailedForNow, Interrupted, Outcome, Waiting
from gt_consumer.runner.runner import Runner
from support.runner import a_story, python_path, succeeded
from support.waiting import until


@pytest.fixture(autouse=True)
def _find_orchestrators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())
    monkeypatch.setenv("GT_WORKER_NAME", "w1")


class Attempts:
    """A runner with a limiter, and the stages that it showed."""

    def __init__(self, folder: Path, limiter: LocalLimiter, time_limit: float = 60.0) -> None:
        self.folder = folder
        self.limiter = limiter
        self.stages: list[str] = []
        self.runner = Runner(
            ChildExecutor("support.orchestrators.limited:Limited"),
            folder / "out",
            time_limit,
            limiter=limiter,
        )

    async def run(self, **options: object) -> Outcome:
        story = a_story().model_copy(update={"options": {"calls": str(self.folder / "calls"), **options}})
        return await self.runner.run(story, 1, lambda stage, _: self.stages.append(stage))


async def test_waiting_is_shown_and_takes_no_time_of_the_attempt(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, LocalLimiter([Rate("gemini", 1, 3.0)]), time_limit=2.5)
    # The wait alone is longer than the limit, of which starting the child takes a part.
    outcome = await attempts.run(times=2)
    assert succeeded(outcome).duration_s > 3.0
    assert attempts.stages == ["script", "waiting: gemini", "script"]
    await attempts.runner.aclose()


async def test_several_permits_at_once_and_withdrawn_requests(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, LocalLimiter([Rate("slow", 1, 3600.0), Rate("gemini", 50, 60.0)]))
    succeeded(await attempts.run(times=2, at_once=20, give_up="slow"))
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == 40
    await attempts.runner.aclose()


async def test_a_refusal_pauses_the_provider_for_the_next_run(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, LocalLimiter())
    began = utc_now()
    assert await attempts.run(refuse=1.5) == Waiting("gemini", 1.5)
    succeeded(await attempts.run(refuse=1.5))
    assert utc_now() - began > timedelta(seconds=1.5)
    assert "waiting: gemini" in attempts.stages
    await attempts.runner.aclose()


async def test_a_waiting_run_can_be_interrupted(tmp_path: Path) -> None:
    limiter = LocalLimiter()
    await limiter.pause("gemini", utc_now() + timedelta(hours=1))
    attempts = Attempts(tmp_path, limiter)
    running = asyncio.create_task(attempts.run())
    await until(lambda: "waiting: gemini" in attempts.stages)
    await attempts.runner.interrupt()
    assert await running == Interrupted()
    await attempts.runner.aclose()


class Broken(LocalLimiter):
    """A limiter that fails."""

    async def acquire(self, provider: str) -> None:
        raise OSError("no more files")

    async def pause(self, provider: str, until: datetime) -> None:
        raise OSError("no more files")


async def test_a_limiter_that_fails_grants_nothing_and_the_time_limit_ends_the_run(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path, Broken(), time_limit=2.0)
    outcome = await attempts.run()
    assert isinstance(outcome, FailedForNow)
    assert outcome.failure.type == "TimeLimitExceeded"
    assert not (tmp_path / "calls").exists()
    await attempts.runner.aclose()
