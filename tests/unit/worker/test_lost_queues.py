"""What a worker does about a queue of parked stories that the broker has lost, without a broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.errors import BrokerUnreachableError, QueueUnavailableError
from gt_common.settings import load_settings
from gt_consumer.worker import command, returning
from gt_consumer.worker.returning import Parking, Returning
from gt_consumer.worker.worker import Worker
from support.fakes.holds import FakeLot, begun, hold, release
from support.fakes.worker import RecordingPublisher, ScriptedRunner
from support.waiting import until

LOST = QueueUnavailableError("the broker has not loaded the queue gt.parked.b.1 within 60 s")


class LosingLot(FakeLot):
    """A lot whose queues fail a number of times, each time with the same error."""

    def __init__(self, error: BrokerUnreachableError, times: int) -> None:
        super().__init__()
        self.error = error
        self.times = times
        self.asked = 0

    async def empty(self, parking: Parking) -> int:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return await super().empty(parking)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a queue for lost at the first error."""
    monkeypatch.setattr(returning, "UNAVAILABLE_S", 0.0)


async def test_a_queue_that_does_not_answer_for_minutes_is_told_with_what_to_do(impatient: None) -> None:
    returner = Returning(LosingLot(LOST, times=10_000), laggards_s=0.01)
    returner.bring_back([("b", 1)])
    await until(lambda: returner.unavailable)
    assert returner.unavailable == f"{LOST}; {returning.LOST}"
    await returner.aclose()
    assert returner.unavailable is None


async def test_a_queue_that_was_only_slow_is_told_no_more_once_it_answers(impatient: None) -> None:
    lot = LosingLot(LOST, times=3)
    returner = Returning(lot, laggards_s=0.01)
    returner.bring_back([("b", 1)])
    await until(lambda: lot.emptied[("b", 1)] and not returner.busy)
    assert (lot.asked, returner.unavailable) == (4, None)


@pytest.mark.parametrize("error", [LOST, BrokerUnreachableError("gone")])
async def test_neither_a_slow_queue_nor_a_broker_that_is_down_is_taken_for_lost(
    error: BrokerUnreachableError,
) -> None:
    lot = LosingLot(error, times=10_000)
    returner = Returning(lot, laggards_s=0.01)
    returner.bring_back([("b", 1)])
    await until(lambda: lot.asked >= 3)
    assert returner.unavailable is None
    await returner.aclose()


async def test_a_broker_that_is_down_is_not_taken_for_a_lost_queue_however_long(impatient: None) -> None:
    lot = LosingLot(BrokerUnreachableError("gone"), times=10_000)
    returner = Returning(lot, laggards_s=0.01)
    returner.bring_back([("b", 1)])
    await until(lambda: lot.asked >= 3)
    assert returner.unavailable is None
    await returner.aclose()


async def test_until_empty_ends_with_the_queue_that_is_lost(impatient: None, tmp_path: Path) -> None:
    lot = LosingLot(LOST, times=10_000)
    lot.queues = {("b", 1): []}
    held = await begun(lot, hold(), release())
    await until(lambda: held.unavailable)
    settings = load_settings(output=tmp_path)
    worker = Worker(settings, ScriptedRunner(), RecordingPublisher(), holds=held)
    with pytest.raises(QueueUnavailableError, match=r"gt\.parked\.b\.1 .*; restart the broker"):
        await command._until_empty(settings, worker, held)
    await held.aclose()
