"""Group commits: in order, sharing a transaction while they wait, and all failing with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pytest

from gt_common.errors import LedgerUnreachableError
from gt_common.messages import BatchSealed, Event, FleetEvent
from gt_consumer.batch.publisher import LedgerWriter

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger


class Slow:
    """A ledger whose transactions last until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.groups: list[list[str]] = []
        self.broken = False

    def apply(self, events: Sequence[Event]) -> int:
        assert self.go.acquire(timeout=20)
        if self.broken:
            raise LedgerUnreachableError
        self.groups.append([event.batch_id for event in events if not isinstance(event, FleetEvent)])
        return len(events)


def sealed(*names: str) -> list[Event]:
    return [BatchSealed(batch_id=name) for name in names]


async def handed_over(writer: LedgerWriter, *groups: list[Event]) -> list[asyncio.Task[None]]:
    """Hand over groups one after the other; each task ends with its commit."""
    tasks = []
    for group in groups:
        tasks.append(asyncio.create_task(writer.commit(group)))
        await asyncio.wait({tasks[-1]}, timeout=0.01)
    return tasks


async def test_what_comes_during_a_commit_is_committed_together_and_in_order() -> None:
    ledger = Slow()
    writer = LedgerWriter(cast("Ledger", ledger))
    first, *rest = await handed_over(writer, sealed("a"), sealed("b", "c"), sealed("d"))
    ledger.go.release()
    await first
    assert not any(task.done() for task in rest), "what is not committed is not told so"
    ledger.go.release()
    async with asyncio.timeout(20):
        await asyncio.gather(*rest)
    assert ledger.groups == [["a"], ["b", "c", "d"]]


async def test_a_failure_reaches_all_who_waited_and_the_next_may_succeed() -> None:
    ledger = Slow()
    ledger.broken = True
    writer = LedgerWriter(cast("Ledger", ledger))
    tasks = await handed_over(writer, sealed("a"), sealed("b"), sealed("c"))
    ledger.go.release(2)
    async with asyncio.timeout(20):
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [LedgerUnreachableError] * 3
        ledger.broken = False
        ledger.go.release()
        await writer.commit(sealed("d"))
    assert ledger.groups == [["d"]]


async def test_who_is_cancelled_has_still_handed_over() -> None:
    ledger = Slow()
    writer = LedgerWriter(cast("Ledger", ledger))
    first, second = await handed_over(writer, sealed("a"), sealed("b"))
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    ledger.go.release(2)
    async with asyncio.timeout(20):
        await first
        await writer.aclose()
    assert ledger.groups == [["a"], ["b"]]
