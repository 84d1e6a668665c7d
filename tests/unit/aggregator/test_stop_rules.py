"""Stop rules of the fleet: which batches are paused, with what words, once, whatever fails in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gt_common.errors import BrokerUnreachableError
from gt_common.ledger import Ledger, open_ledger
from gt_common.ledger.outbox import NotificationKind
from gt_common.messages import (
    GT_BATCH,
    BatchPaused,
    BatchResumed,
    Event,
    FailureLimit,
    StoryFailed,
    StoryStarted,
    StorySucceeded,
    UnknownEvent,
)
from gt_common.messaging.control.notices import ControlOrder, HoldNotice
from gt_consumer.aggregator.rule_keeper import RuleKeeper
from support.samples.events import BATCH, at, opened, story_event
from support.waiting import until

FIVE = FailureLimit(count=5)


class Orders:
    """A publisher that keeps orders, and refuses as many as it is told first."""

    def __init__(self, refused: int = 0) -> None:
        self.orders: list[HoldNotice] = []
        self.told: list[str] = []
        self.refused = refused

    async def control(self, order: ControlOrder) -> None:
        if self.refused:
            self.refused -= 1
            raise BrokerUnreachableError
        assert isinstance(order, HoldNotice)
        self.orders.append(order)

    async def progress(self, event: Event | UnknownEvent) -> None:
        self.told.append(event.type)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened_ledger:
        yield opened_ledger


@asynccontextmanager
async def keeper(ledger: Ledger, publisher: Orders) -> AsyncIterator[RuleKeeper]:
    """Keep rules for the duration of a block."""
    rules = RuleKeeper(ledger, publisher, "USD", retry_s=0.01)
    task = asyncio.create_task(rules.run())
    try:
        yield rules
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def take(ledger: Ledger, events: Sequence[Event]) -> Orders:
    """Store events and judge them; return what was ordered."""
    publisher = Orders()
    ledger.apply(events)
    async with keeper(ledger, publisher) as rules:
        rules.take(events)
        await rules.settle(20)
    return publisher


def failures(count: int, first: int = 1, seconds: float = 1) -> list[Event]:
    return [story_event(StoryFailed, number, seconds) for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("limit", "failed", "reason"),
    [
        (FIVE, 4, None),
        (FIVE, 5, "5 of 40 stories failed (limit 5)"),
        (FIVE, 7, "7 of 40 stories failed (limit 5)"),
        (FailureLimit(percent=10), 3, None),
        (FailureLimit(percent=10), 4, "4 of 40 stories failed (limit 10 %)"),
        (None, 39, None),
    ],
)
async def test_a_batch_is_paused_when_it_meets_its_limit(
    ledger: Ledger, limit: FailureLimit | None, failed: int, reason: str | None
) -> None:
    made = await take(ledger, [opened(40, max_failures=limit), *failures(failed)])
    assert [(order.batch_id, order.by, order.reason, order.revision) for order in made.orders] == (
        [(BATCH, "stop rule", reason, 1)] if reason else []
    )
    hold = ledger.hold(BATCH)
    if reason is None:
        assert hold is None
        return
    assert isinstance(hold, BatchPaused)
    assert (hold.by, hold.reason, hold.revision) == ("stop rule", reason, 1)
    assert made.told == ["batch.paused"]


async def test_it_is_paused_once(ledger: Ledger) -> None:
    await take(ledger, [opened(40, max_failures=FIVE), *failures(5)])
    assert (await take(ledger, failures(3, first=6))).orders == []


async def test_a_batch_that_has_ended_and_one_of_gt_batch_are_not_paused(ledger: Ledger) -> None:
    ended = [opened(6, max_failures=FIVE), *failures(5), story_event(StorySucceeded, 6)]
    assert (await take(ledger, ended)).orders == []
    local = opened(40, batch_id="local", max_failures=FIVE, made_by=GT_BATCH)
    events = [event.model_copy(update={"batch_id": "local"}) for event in failures(9)]
    assert (await take(ledger, [local, *events])).orders == []


async def test_after_a_resumption_only_later_failures_count(ledger: Ledger) -> None:
    await take(ledger, [opened(40, max_failures=FIVE), *failures(6)])
    resumed = BatchResumed(batch_id=BATCH, by="ann@desk", at=at(10), revision=2)
    assert (await take(ledger, [resumed, *failures(4, first=7, seconds=20)])).orders == []
    [order] = (await take(ledger, failures(1, first=11, seconds=20))).orders
    assert order.revision == 3
    assert order.reason == "5 of 40 stories failed since it was resumed (limit 5)"


async def test_a_limit_that_was_raised_counts(ledger: Ledger) -> None:
    await take(ledger, [opened(40, max_failures=FIVE), *failures(5)])
    raised = FailureLimit(count=8)
    resumed = BatchResumed(batch_id=BATCH, by="ann@desk", at=at(10), revision=2, max_failures=raised)
    assert (await take(ledger, [resumed, *failures(7, first=6, seconds=20)])).orders == []
    assert len((await take(ledger, failures(1, first=13, seconds=20))).orders) == 1


async def test_a_rule_that_comes_later_is_heard_of(ledger: Ledger) -> None:
    publisher = Orders()
    async with keeper(ledger, publisher) as rules:
        for events in ([opened(40), *failures(5)], [opened(40, 5, max_failures=FIVE)]):
            ledger.apply(events)
            rules.take(events)
            await rules.settle(20)
    assert len(publisher.orders) == 1


async def test_what_a_killed_aggregator_left_is_done_at_the_next_start(ledger: Ledger) -> None:
    ledger.apply([opened(40, max_failures=FIVE), *failures(5)])
    first, second = Orders(), Orders()
    for publisher in (first, second):
        async with keeper(ledger, publisher) as rules:
            rules.look_at_all()
            await rules.settle(20)
    assert (len(first.orders), len(second.orders)) == (1, 0)


async def test_those_who_want_to_know_are_told_once_of_each_stop(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", notify=["target"]) as ledger:
        await take(ledger, [opened(40, max_failures=FIVE), *failures(5)])
        await take(ledger, failures(2, first=6))
        outbox, told = ledger.outbox(), list[str | None]()
        while notification := outbox.claim("target"):
            outbox.note_sent(notification)
            if notification.kind is NotificationKind.STOPPED:
                told.append(notification.detail)
    assert told == ["a stop rule has paused it: 5 of 40 stories failed (limit 5)"]


def dimes(count: int, first: int = 1) -> list[Event]:
    """Return the events of stories that cost 0.10 each."""
    cost = {"elevenlabs": 100_000}
    return [story_event(StorySucceeded, number, 1, cost=cost) for number in range(first, first + count)]


async def test_a_batch_is_paused_when_it_has_cost_what_it_may(ledger: Ledger) -> None:
    assert (await take(ledger, [opened(20, max_cost=1_000_000), *dimes(9)])).orders == []
    [order] = (await take(ledger, dimes(2, first=10))).orders
    assert order.reason == "1.10 USD spent (limit 1.00 USD)"
    resumed = BatchResumed(batch_id=BATCH, by="ann@desk", at=at(10), revision=2)
    [again] = (await take(ledger, [resumed])).orders
    assert (again.revision, again.reason) == (3, "1.10 USD spent (limit 1.00 USD)")
    raised = BatchResumed(batch_id=BATCH, by="ann@desk", at=at(20), revision=4, max_cost=3_000_000)
    assert (await take(ledger, [raised, *dimes(9, first=12)])).orders == []


async def test_killed_between_the_order_and_the_ledger_it_makes_the_same_again(ledger: Ledger) -> None:
    class KilledError(Exception):
        pass

    class Dying(Orders):
        async def control(self, order: ControlOrder) -> None:
            await super().control(order)
            raise KilledError

    ledger.apply([opened(40, max_failures=FIVE), *failures(5)])
    dying = Dying()
    rules = RuleKeeper(ledger, dying, "USD")
    rules.look_at_all()
    with pytest.raises(KilledError):
        await rules.run()
    assert ledger.hold(BATCH) is None
    again = await take(ledger, [story_event(StoryStarted, 9)])
    assert [(order.revision, order.reason) for order in again.orders] == [
        (order.revision, order.reason) for order in dying.orders
    ]
    assert len(ledger.events(BATCH, ["batch.paused"])) == 1


async def test_an_order_that_the_broker_does_not_take_is_tried_again(ledger: Ledger) -> None:
    events = [opened(40, max_failures=FIVE), *failures(5)]
    ledger.apply(events)
    publisher = Orders(refused=2)
    async with keeper(ledger, publisher) as rules:
        rules.take(events)
        await until(lambda: ledger.hold(BATCH))
        await rules.settle(20)
    assert len(publisher.orders) == 1
