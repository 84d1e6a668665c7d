"""The engine with a runner that does as it is told, and a real ledger: slots, stops, limits, losses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gt_common.errors import LedgerUnreachableError, MachineUnfitError
from gt_common.ledger.ledger import Ledger
from gt_common.lifecycle import BatchState, StoryStatus
from gt_common.messages import Event, StoryMessage
from gt_common.settings import Settings, load_settings
from gt_consumer.batch.engine import BatchEngine, RunEnd
from gt_consumer.limits.local import LocalLimiter
from gt_consumer.runner.outcomes import FailedForNow, Outcome
from gt_consumer.worker import rest
from support.batch_engine import BAD, DONE, FULL, OOPS, Director, engine, failing, five


async def run(
    settings: Settings, director: Director, ledger: Ledger, max_failures: int | None = None
) -> tuple[RunEnd, BatchState]:
    work = five()
    async with asyncio.timeout(20):
        made = engine(settings, director, ledger, max_failures=max_failures)
        ending = await made.run(work.events, work.stories)
    return ending, ledger.batch("b")


async def test_all_run_in_the_order_of_the_list_as_many_at_once_as_allowed(
    plain: Settings, ledger: Ledger
) -> None:
    director = Director()
    ending, state = await run(plain, director, ledger)
    assert (ending, state.counts[StoryStatus.SUCCESS]) == (RunEnd.FINISHED, 5)
    assert [position for position, _ in director.begun] == [1, 2, 3, 4, 5]
    assert director.most_at_once == 2


async def test_a_retry_waits_its_time_and_a_failure_stops_nothing(plain: Settings, ledger: Ledger) -> None:
    director = Director(FailedForNow(OOPS, None, 1.0), BAD)
    ending, state = await run(plain, director, ledger)
    assert ending is RunEnd.FINISHED
    assert (state.counts[StoryStatus.SUCCESS], state.counts[StoryStatus.FAILED]) == (4, 1)
    assert (1, 2) in director.begun
    assert len(director.begun) == 6


async def test_no_other_is_started_once_too_many_have_failed(plain: Settings, ledger: Ledger) -> None:
    director = Director(BAD, BAD, BAD)
    ending, state = await run(plain, director, ledger, max_failures=1)
    assert ending is RunEnd.STOPPED_BY_RULE
    assert state.counts[StoryStatus.QUEUED] >= 2
    ending, state = await run(plain, Director(DONE, DONE, DONE, DONE, BAD), ledger, max_failures=1)
    assert ending is RunEnd.FINISHED, "when nothing is left, nothing was stopped"


async def test_a_story_that_waits_for_its_start_is_left_once_too_many_have_failed(
    ledger: Ledger, tmp_path: Path
) -> None:
    limited = load_settings(prefetch=2, output=tmp_path, worker_name="w1", rate_limits="stories=1/hour")
    director, work = Director(BAD), five()
    limiter = LocalLimiter(limited.rate_limits)
    made = BatchEngine(limited, director, ledger, lambda _: None, limiter, rules=failing(1))
    async with asyncio.timeout(20):
        ending = await made.run(work.events, work.stories)
    assert ending is RunEnd.STOPPED_BY_RULE
    assert director.begun == [(1, 1)]
    assert ledger.batch("b").counts[StoryStatus.QUEUED] == 4


async def test_events_are_in_the_ledger_before_anybody_hears_of_them(plain: Settings, ledger: Ledger) -> None:
    seen: list[tuple[str, StoryStatus]] = []

    def listener(event: Event) -> None:
        if event.type in {"story.succeeded", "story.failed"}:
            state = ledger.batch("b").stories[event.story_id]
            seen.append((event.type, state.status))

    work = five()
    await engine(plain, Director(BAD), ledger, listener).run(work.events, work.stories)
    assert len(seen) == 5
    assert {status for kind, status in seen if kind == "story.succeeded"} == {StoryStatus.SUCCESS}
    assert {status for kind, status in seen if kind == "story.failed"} == {StoryStatus.FAILED}


@pytest.mark.parametrize("cancelled", [False, True])
async def test_interrupted_or_cancelled_it_gives_back_what_runs(
    plain: Settings, ledger: Ledger, cancelled: bool
) -> None:
    director = Director(held=3)
    made, work = engine(plain, director, ledger), five()
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await director.holding.wait()
        if cancelled:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            await made.interrupt()
            assert await task is RunEnd.STOPPED
    story = {one.position: one for one in ledger.batch("b").stories.values()}[3]
    assert story.event is not None
    assert (story.status, story.event.type, story.event.attempt) == (StoryStatus.QUEUED, "story.released", 1)


async def test_stopped_while_all_wait_for_a_retry_it_ends_at_once(ledger: Ledger, tmp_path: Path) -> None:
    settings = load_settings(prefetch=5, output=tmp_path, retry_delays="1h")
    waits = asyncio.Event()

    def listener(event: Event) -> None:
        if sum(story.status is StoryStatus.RETRYING for story in ledger.batch("b").stories.values()) == 5:
            waits.set()

    made = engine(settings, Director(*[FailedForNow(OOPS, None, 1.0)] * 5), ledger, listener)
    work = five()
    task = asyncio.create_task(made.run(work.events, work.stories))
    async with asyncio.timeout(20):
        await waits.wait()
        made.stop()
        assert await task is RunEnd.STOPPED


async def test_a_ledger_that_is_lost_ends_the_run_with_its_error(
    plain: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ledger.apply

    def lost(events: list[Event]) -> int:
        if any(event.type == "story.succeeded" for event in events):
            raise LedgerUnreachableError
        return real(events)

    monkeypatch.setattr(ledger, "apply", lost)
    director, work = Director(), five()
    async with asyncio.timeout(20):
        with pytest.raises(LedgerUnreachableError):
            await engine(plain, director, ledger).run(work.events, work.stories)
    assert len(director.begun) <= 2, "no other story is started"
    assert ledger.batch("b").counts[StoryStatus.SUCCESS] == 0


async def test_a_machine_that_recovers_has_cost_no_attempt(
    plain: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "FIRST_S", 0.01)
    director = Director()
    left = [2]

    async def run_once(
        story: StoryMessage,
        attempt: int,
        on_stage: Callable[[str, float | None], None],
        on_project: Callable[[str | None], None],
        on_spent: Callable[[Mapping[str, int]], None],
    ) -> Outcome:
        if left[0]:
            left[0] -= 1
            return FULL
        return await Director.run(director, story, attempt, on_stage, on_project, on_spent)

    monkeypatch.setattr(director, "run", run_once)
    ending, state = await run(plain, director, ledger)
    assert (ending, state.counts[StoryStatus.SUCCESS]) == (RunEnd.FINISHED, 5)
    assert {attempt for _, attempt in director.begun} == {1}


async def test_a_machine_that_stays_unfit_ends_the_run_and_keeps_its_stories(
    plain: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "FIRST_S", 0.01)
    director = Director()

    async def never(*_: object) -> Outcome:
        return FULL

    monkeypatch.setattr(director, "run", never)
    with pytest.raises(
        MachineUnfitError, match="cannot run stories now: the disk is full; make room in /out"
    ):
        await run(plain, director, ledger)
    assert ledger.batch("b").counts[StoryStatus.QUEUED] == 5
