"""What a worker measures of its runs: stages without waits, costs, outcomes, and bounded labels."""

from __future__ import annotations

import asyncio
from datetime import datetime

from prometheus_client import generate_latest

from gt_common.lifecycle import StoryStatus
from gt_common.metrics.worker import MOST_LABELS, WorkerMetrics
from gt_consumer.runner.outcomes import FailedForNow, Interrupted, NotDue, Outcome, Waiting
from gt_consumer.worker.measures import Measures
from gt_consumer.worker.run_events import RunEvents
from support.metrics import value
from support.samples.events import NOON, TIMED_OUT, letter


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def measured() -> tuple[Measures, WorkerMetrics, Clock]:
    metrics, clock = WorkerMetrics(4, lambda: 0), Clock()
    return Measures(metrics, clock), metrics, clock


def page(metrics: WorkerMetrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_a_stage_takes_its_time_without_the_waits_in_it() -> None:
    measures, metrics, clock = measured()
    run = RunEvents(letter(), "w", NOON)
    for seconds, stage in [
        (0, None),
        (1, "script"),
        (3, "voice"),
        (4, "voice"),
        (10, "waiting: elevenlabs"),
        (70, "voice"),
        (75, "render"),
    ]:
        clock.now = seconds
        measures.show(run, stage)
    assert value(page(metrics), "gt_worker_slots_busy") == 1
    run.spending.cost = {"elevenlabs": 1_250_000}
    clock.now = 80
    measures.hide(run)
    text = page(metrics)
    taken = {
        stage: value(text, "gt_stage_seconds_sum", stage=stage) for stage in ("script", "voice", "render")
    }
    assert taken == {"script": 2, "voice": 12, "render": 5}
    assert value(text, "gt_stage_seconds_count", stage="voice") == 1
    assert value(text, "gt_cost_total", provider="elevenlabs") == 1.25
    assert value(text, "gt_attempts_started_total") == 1
    assert value(text, "gt_worker_slots_busy") == 0
    assert value(text, "gt_worker_slots") == 4


def test_outcomes_are_counted_by_what_becomes_of_the_story() -> None:
    measures, metrics, _ = measured()
    outcomes: list[tuple[Outcome, StoryStatus]] = [
        (FailedForNow(TIMED_OUT, None, 1.0), StoryStatus.RETRYING),
        (FailedForNow(TIMED_OUT, None, 1.0), StoryStatus.FAILED),
        (Interrupted(), StoryStatus.QUEUED),
        (Waiting("gemini", 30.0), StoryStatus.QUEUED),
        (NotDue(NOON, 5.0), StoryStatus.QUEUED),
    ]
    for outcome, status in outcomes:
        measures.settled(RunEvents(letter(), "w", NOON), outcome, status)
    text = page(metrics)
    counted = {
        name: value(text, "gt_attempts_total", outcome=name)
        for name in ("success", "retrying", "failed", "interrupted", "rate_limited")
    }
    assert counted == {"success": 0, "retrying": 1, "failed": 1, "interrupted": 1, "rate_limited": 1}
    assert value(text, "gt_provider_wait_seconds_total", provider="gemini") == 30


async def test_a_wait_for_a_permit_counts_also_when_it_is_given_up() -> None:
    class Never:
        async def acquire(self, provider: str) -> None:
            await asyncio.Event().wait()

        async def pause(self, provider: str, until: datetime) -> None: ...

    measures, metrics, _ = measured()
    wait = asyncio.create_task(measures.timed(Never()).acquire("gemini"))
    await asyncio.wait([wait], timeout=0.05)
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    waited = value(page(metrics), "gt_provider_wait_seconds_total", provider="gemini")
    assert waited is not None
    assert waited >= 0.04


def test_an_orchestrator_that_invents_names_makes_few_series() -> None:
    _, metrics, _ = measured()
    for number in range(1000):
        metrics.stage_ended(f"page {number}", 1.0)
    text = page(metrics)
    assert text.count("gt_stage_seconds_count{") == MOST_LABELS + 1
    assert value(text, "gt_stage_seconds_count", stage="other") == 1000 - MOST_LABELS
