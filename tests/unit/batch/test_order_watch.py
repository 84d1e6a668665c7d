"""Looking for orders: cheap while there are none, each passed on once, and never in the way of stories."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger.queries.orders import Orders, Trace
from gt_common.lifecycle import BatchState, fold
from gt_common.messages import BatchHold, BatchPaused, BatchResumed, StopRules, StoryCancelled
from gt_consumer.batch.order_watch import Order, OrderWatch
from support.samples.events import BATCH, at, story_event
from support.waiting import until


def cancel(number: int, generation: int = 1) -> StoryCancelled:
    event = story_event(
        StoryCancelled, number, by="anna", purge_at=at(60), letter=None, generation=generation
    )
    assert isinstance(event, StoryCancelled)
    return event


class Told:
    """A ledger whose answers a test decides, and counts."""

    def __init__(self) -> None:
        self.cancelled: list[StoryCancelled] = []
        self.hold: BatchHold | None = None
        self.rules: StopRules | None = None
        self.number = 1
        self.versions = 0
        self.looks = 0
        self.broken = False
        self.answers = threading.Event()
        self.answers.set()

    def version(self) -> int:
        assert self.answers.wait(20)
        self.versions += 1
        if self.broken:
            raise LedgerUnreachableError
        return self.number

    def orders(self, batch_id: str, seen: Trace) -> Orders | None:
        assert batch_id == BATCH
        self.looks += 1
        trace = (len(self.cancelled), self.hold, self.rules)
        return None if trace == seen else Orders(trace, [*self.cancelled], self.hold, self.rules)

    async def looked(self, times: int = 2) -> None:
        """Wait until it was asked again, from the beginning."""
        before = self.versions
        await until(lambda: self.versions >= before + times)


@asynccontextmanager
async def watched(ledger: Told, known: BatchState | None = None) -> AsyncIterator[list[Order]]:
    passed_on: list[Order] = []
    watch = OrderWatch(ledger, BATCH, passed_on.extend, known=known, poll=0.001)
    task = asyncio.create_task(watch.run())
    try:
        yield passed_on
    finally:
        task.cancel()


async def test_without_a_new_event_in_the_ledger_only_its_version_is_read() -> None:
    ledger = Told()
    async with watched(ledger) as passed_on:
        await ledger.looked(20)
    assert (ledger.looks, passed_on) == (1, [])


async def test_each_cancel_is_passed_on_once_and_a_later_generation_is_another() -> None:
    ledger = Told()
    async with watched(ledger) as passed_on:
        await ledger.looked()
        for event in (cancel(1), cancel(2), cancel(2, generation=2)):
            ledger.cancelled.append(event)
            ledger.number += 1
            await until(lambda: passed_on == ledger.cancelled)
        ledger.number += 1  # what gt-batch itself commits
        await ledger.looked()
    assert passed_on == ledger.cancelled


async def test_what_the_plan_knew_is_not_passed_on() -> None:
    ledger = Told()
    ledger.cancelled = [cancel(1), cancel(2)]
    ledger.hold = BatchPaused(batch_id=BATCH, by="anna")
    known = fold(BATCH, [ledger.cancelled[0], ledger.hold])
    async with watched(ledger, known) as passed_on:
        await until(lambda: passed_on == [ledger.cancelled[1]])


async def test_a_pause_and_its_end_are_passed_on() -> None:
    ledger = Told()
    async with watched(ledger) as passed_on:
        for hold in (
            BatchPaused(batch_id=BATCH, by="anna"),
            BatchResumed(batch_id=BATCH, by="anna", revision=2),
        ):
            ledger.hold = hold
            ledger.number += 1
            await until(lambda: ledger.hold in passed_on)
        ledger.number += 1
        await ledger.looked()
    assert len(passed_on) == 2


async def test_new_stop_rules_are_passed_on() -> None:
    ledger = Told()
    ledger.rules = StopRules(max_cost=5)
    async with watched(ledger, BatchState(BATCH, rules=ledger.rules)) as passed_on:
        await ledger.looked()
        ledger.rules = StopRules(max_cost=7)
        ledger.number += 1
        await until(lambda: passed_on == [ledger.rules])


async def test_a_ledger_that_cannot_be_read_is_said_once_and_asked_again() -> None:
    ledger = Told()
    ledger.broken = True
    with structlog.testing.capture_logs() as logs:
        async with watched(ledger) as passed_on:
            await ledger.looked(5)
            ledger.cancelled, ledger.broken = [cancel(1)], False
            await until(lambda: passed_on)
    assert [line["event"] for line in logs] == ["order_check_failed"]


async def test_a_ledger_that_does_not_answer_holds_up_nothing() -> None:
    ledger = Told()
    ledger.answers.clear()
    async with watched(ledger) as passed_on, asyncio.timeout(10):
        await asyncio.gather(*(asyncio.to_thread(lambda: None) for _ in range(50)))
        assert passed_on == []
        ledger.cancelled = [cancel(1)]
        ledger.answers.set()
        await until(lambda: passed_on)
