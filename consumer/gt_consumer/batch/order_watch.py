"""Looks into the ledger for what operators order while gt-batch runs: the ledger is its control stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, Protocol

from gt_common.ledger.queries.orders import Orders, Trace
from gt_common.lifecycle import BatchState
from gt_common.log import get_logger
from gt_common.messages import BatchHold, StopRules, StoryCancelled

log = get_logger("batch")

POLL_S: Final = 0.5
"""Between two looks: a cancelled story is asked to end early enough for its grace to fit into 6 s."""


Order = StoryCancelled | BatchHold | StopRules
"""An event that orders something, or the stop rules that count now."""


class OrderedBatches(Protocol):
    """The part of a ledger that is looked at."""

    def version(self) -> int: ...

    def orders(self, batch_id: str, seen: Trace) -> Orders | None: ...


class OrderWatch:
    """Passes on each order for a batch once.

    A look reads the ledger's version, and more only when that has changed. It runs in a thread of its own: a
    ledger that is locked or slow keeps orders waiting, and no story.

    Parameters:
        obey: called in the event loop with what is new
        known: the batch, as far as its orders count as passed on; None for a new one
        poll: seconds between two looks
    """

    def __init__(
        self,
        ledger: OrderedBatches,
        batch_id: str,
        obey: Callable[[list[Order]], None],
        *,
        known: BatchState | None = None,
        poll: float = POLL_S,
    ) -> None:
        self._ledger = ledger
        self._batch_id = batch_id
        self._obey = obey
        self._poll = poll
        events = [story.event for story in known.stories.values()] if known else []
        self._cancelled = {_key(event) for event in events if isinstance(event, StoryCancelled)}
        self._hold = known.hold if known else None
        self._rules = known.rules if known else None
        self._version: int | None = None
        self._trace: Trace = ()
        self._reachable = True

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        # Not the threads of the loop: a ledger that does not answer would hold up the stories that need one.
        with _one_thread() as thread:
            while True:
                if orders := await loop.run_in_executor(thread, self._look):
                    self._pass_on(orders)
                await asyncio.sleep(self._poll)

    def _look(self) -> Orders | None:
        try:
            version = self._ledger.version()
            if version == self._version:
                return None
            orders = self._ledger.orders(self._batch_id, self._trace)
        except Exception as error:  # noqa: BLE001 - a commit that fails ends the run, a look is repeated
            if self._reachable:
                log.warning("order_check_failed", error=str(error))
            self._reachable = False
            return None
        self._reachable, self._version = True, version
        return orders

    def _pass_on(self, orders: Orders) -> None:
        self._trace = orders.trace
        cancelled = [event for event in orders.cancelled if _key(event) not in self._cancelled]
        self._cancelled.update(map(_key, cancelled))
        new: list[Order] = [*cancelled]
        if orders.hold is not None and orders.hold != self._hold:
            self._hold = orders.hold
            new.append(orders.hold)
        if orders.rules is not None and orders.rules != self._rules:
            self._rules = orders.rules
            new.append(orders.rules)
        if new:
            self._obey(new)


@contextmanager
def _one_thread() -> Iterator[ThreadPoolExecutor]:
    """Yield a thread that nobody waits for at the end."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="orders")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _key(event: StoryCancelled) -> tuple[str, int]:
    return event.story_id, event.generation
