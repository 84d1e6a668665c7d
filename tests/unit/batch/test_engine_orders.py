"""The engine and the orders of operators: cancels, pauses, other stop rules."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gt_common.ledger.ledger import Ledger
from gt_common.lifecycle import StoryStatus
from gt_common.messages import (
    BatchPaused,
    BatchResumed,
    Event,
    FailureLimit,
    StopRules,
    StoryCancelled,
)
from gt_common.settings import Settings, load_settings
from gt_consumer.batch.engine import BatchEngine, RunEnd
from gt_consumer.limits.local import LocalLimiter
from gt_consumer.runner.outcomes import FailedForNow, Outcome
from support.batch_engine import BAD, DONE, OOPS, Director, at, engine, five
from support.samples.batches import cancels
from support.waiting import until


async def test_cancelled_stories_are_not_run_and_a_running_one_is_stopped(
    plain: Settings, ledger: Ledger
) -> None:
    director, heard, work = Director(held=1), list[Event](), five()
    made = engine(plain.model_copy(update={"prefetch": 1}), director, ledger, heard.append)
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await director.holding.wait()
        ordered = cancels(ledger, "b", 1, 2, 3, 4, 5)
        made.obey(ordered)
        assert await task is RunEnd.FINISHED
    state = ledger.batch("b")
    assert (director.begun, director.stopped) == ([(1, 1)], [1])
    assert at(state, StoryStatus.CANCELLED) == [1, 2, 3, 4, 5]
    assert [event for event in heard if event in ordered] == ordered, "the display hears of them"
    stopped = next(story.event for story in state.stories.values() if story.position == 1)
    assert isinstance(stopped, StoryCancelled)
    assert stopped.letter is not None, "the sign that it has ended"


async def test_a_story_that_waits_for_its_retry_is_cancelled_at_once(ledger: Ledger, tmp_path: Path) -> None:
    settings = load_settings(prefetch=5, output=tmp_path, retry_delays="1h")
    retrying = asyncio.Event()

    def listener(_event: Event) -> None:
        if len(at(ledger.batch("b"), StoryStatus.RETRYING)) == 5:
            retrying.set()

    made, work = engine(settings, Director(*[FailedForNow(OOPS, None, 1.0)] * 5), ledger, listener), five()
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await retrying.wait()
        made.obey(cancels(ledger, "b", 1, 2, 3, 4, 5))
        assert await task is RunEnd.FINISHED
    assert at(ledger.batch("b"), StoryStatus.CANCELLED) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("outcome", "status"), [(DONE, "success"), (FailedForNow(OOPS, None, 1.0), "cancelled")]
)
async def test_a_cancelled_story_that_may_finish_is_not_stopped_and_not_repeated(
    plain: Settings, ledger: Ledger, outcome: Outcome, status: str
) -> None:
    director, work = Director(outcome, held=1), five()
    made = engine(plain, director, ledger)
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await director.holding.wait()
        made.obey(cancels(ledger, "b", 1, running="finish"))
        director.gate.set()
        assert await task is RunEnd.FINISHED
    assert director.stopped == []
    assert director.begun.count((1, 1)) == 1
    assert (1, 2) not in director.begun
    assert 1 in at(ledger.batch("b"), StoryStatus(status))


async def test_a_paused_batch_starts_no_story_until_it_is_resumed(plain: Settings, ledger: Ledger) -> None:
    director, work = Director(held=1), five()
    made = engine(plain.model_copy(update={"prefetch": 1}), director, ledger)
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await director.holding.wait()
        made.obey([BatchPaused(batch_id="b", by="anna")])
        director.gate.set()
        await until(lambda: at(ledger.batch("b"), StoryStatus.SUCCESS) == [1] and not made.running)
        assert (director.begun, task.done()) == ([(1, 1)], False)
        made.obey([BatchResumed(batch_id="b", by="anna", revision=2)])
        assert await task is RunEnd.FINISHED
    assert len(director.begun) == 5


class Permits(LocalLimiter):
    """Grants one start, and the others when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.granted = asyncio.Event()

    async def acquire(self, provider: str) -> None:
        self.asked += 1
        if self.asked > 1:
            await self.granted.wait()


async def test_a_story_that_waits_for_its_start_is_not_started_in_a_pause(
    ledger: Ledger, tmp_path: Path
) -> None:
    limited = load_settings(prefetch=2, output=tmp_path, worker_name="w1", rate_limits="stories=1/hour")
    director, work, permits = Director(held=1), five(), Permits()
    made = BatchEngine(limited, director, ledger, lambda _: None, permits)
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await director.holding.wait()
        await until(lambda: permits.asked == 2)
        made.obey([BatchPaused(batch_id="b", by="anna")])
        permits.granted.set()
        await until(lambda: made.running == 1)
        assert director.begun == [(1, 1)]
        made.obey([BatchResumed(batch_id="b", by="anna", revision=2)])
        director.gate.set()
        assert await task is RunEnd.FINISHED
    assert at(ledger.batch("b"), StoryStatus.SUCCESS) == [1, 2, 3, 4, 5]


async def test_a_batch_that_is_paused_from_the_beginning_can_be_cancelled_or_stopped(
    plain: Settings, ledger: Ledger
) -> None:
    director, work = Director(), five()
    made = BatchEngine(
        plain, director, ledger, lambda _: None, LocalLimiter(), hold=BatchPaused(batch_id="b", by="anna")
    )
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await until(lambda: ledger.knows("b"))
        made.obey(cancels(ledger, "b", 2, 3))
        made.stop()
        assert await task is RunEnd.STOPPED
    assert director.begun == []
    assert at(ledger.batch("b"), StoryStatus.QUEUED) == [1, 4, 5]


async def test_new_stop_rules_count_at_once_and_a_rule_that_was_met_ends_the_run(
    plain: Settings, ledger: Ledger
) -> None:
    director, work = Director(BAD, BAD, held=3), five()
    made = engine(plain, director, ledger, max_failures=5)
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await director.holding.wait()
        await until(lambda: len(at(ledger.batch("b"), StoryStatus.FAILED)) == 2)
        made.obey([StopRules(max_failures=FailureLimit(count=2))])
        await until(lambda: made.rules.met)
        made.obey([StopRules(max_failures=FailureLimit(count=5))])
        director.gate.set()
        assert await task is RunEnd.STOPPED_BY_RULE
