"""Pauses batches that have met a stop rule: first the workers are told, then it stands in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final, Protocol

from gt_common.errors import GossipToonError
from gt_common.ledger.outbox import NotificationKind
from gt_common.ledger.queries.stop_rules import RuledBatch
from gt_common.lifecycle import BatchPhase
from gt_common.log import get_logger, log_context
from gt_common.messages import (
    BatchOpened,
    BatchPaused,
    BatchResumed,
    Event,
    FleetEvent,
    UnknownEvent,
    log_keys,
)
from gt_common.messaging.control.notices import ControlOrder, notice_of
from gt_consumer.aggregator.stop_rules import LimitMet, limit_met, pause_for

log = get_logger("aggregator")

RETRY_S: Final = 10.0
_KNOWN: Final = 10_000
"""Batches without rules that are remembered, so that they are not asked for again."""


class RuleLedger(Protocol):
    """The part of a ledger that stop rules need."""

    def ruled_batches(self, batch_ids: Collection[str] | None = None) -> list[RuledBatch]: ...

    def phase(self, batch_id: str) -> BatchPhase: ...

    def apply(self, events: Sequence[Event | UnknownEvent]) -> int: ...

    def enqueue(
        self,
        batch_id: str,
        kind: NotificationKind,
        detail: str | None = None,
        *,
        generation: int | None = None,
    ) -> bool: ...


class RulePublisher(Protocol):
    """The part of a publisher that stop rules need."""

    async def control(self, order: ControlOrder) -> None: ...

    async def progress(self, event: Event | UnknownEvent) -> None: ...


class RuleKeeper:
    """Judges the batches that commits have touched, beside the commits, which never wait for it.

    A batch is paused by an order to the workers and an event in the ledger. If this program is killed before
    the event is stored, the next one makes the same order and the same event again.

    Parameters:
        publisher: with patience, so that one that may not publish orders is told
        currency: of the limits of costs
        retry_s: seconds until a batch is judged again that could not be paused
    """

    def __init__(
        self, ledger: RuleLedger, publisher: RulePublisher, currency: str, retry_s: float = RETRY_S
    ) -> None:
        self._ledger = ledger
        self._publisher = publisher
        self._currency = currency
        self._retry_s = retry_s
        self._touched: set[str] = set()
        self._all = False
        self._without: set[str] = set()
        self._woken = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()

    def look_at_all(self) -> None:
        """Judge every batch: another program may have taken in events meanwhile, or died before it acted."""
        self._all = True
        self._without.clear()
        self._wake()

    def take(self, events: Sequence[Event | UnknownEvent]) -> None:
        """Judge the batches of these events, which are in the ledger; returns at once."""
        for event in events:
            if isinstance(event, FleetEvent | UnknownEvent):
                continue
            if isinstance(event, BatchOpened | BatchResumed):
                self._without.discard(event.batch_id)
            if event.batch_id not in self._without:
                self._touched.add(event.batch_id)
        if self._touched:
            self._wake()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self._work()
            if not self._woken.is_set():
                self._settled.set()

    async def settle(self, patience_s: float) -> None:
        """Wait until everything is judged that was taken, for so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._settled.wait()

    async def _work(self) -> None:
        every, touched = self._all, self._touched
        self._all, self._touched = False, set()
        try:
            await self._judge_these(None if every else touched)
        except GossipToonError as error:
            log.warning("stop_rules_delayed", error=str(error), seconds=self._retry_s)
            self._all |= every
            self._touched |= touched
            self._woken.set()
            await asyncio.sleep(self._retry_s)

    async def _judge_these(self, batch_ids: set[str] | None) -> None:
        batches = await asyncio.to_thread(self._ledger.ruled_batches, batch_ids)
        if batch_ids is not None:
            if len(self._without) >= _KNOWN:
                self._without.clear()
            self._without |= batch_ids - {batch.batch_id for batch in batches}
        for batch in batches:
            met = None if isinstance(batch.hold, BatchPaused) else limit_met(batch, self._currency)
            if met and await asyncio.to_thread(self._ledger.phase, batch.batch_id) is BatchPhase.OPEN:
                await self._pause(batch, met)

    async def _pause(self, batch: RuledBatch, met: LimitMet) -> None:
        event = pause_for(batch, met)
        with log_context(log_keys(event)):
            await self._publisher.control(notice_of(event))
            # Told before it is stored: what is stored is not done again after a kill.
            await asyncio.to_thread(
                self._ledger.enqueue,
                batch.batch_id,
                NotificationKind.STOPPED,
                f"a stop rule has paused it: {met.reason}",
                generation=event.revision,
            )
            await asyncio.to_thread(self._ledger.apply, [event])
            await self._publisher.progress(event)
            log.warning("batch_stopped", rule=met.rule, reason=met.reason)

    def _wake(self) -> None:
        self._settled.clear()
        self._woken.set()
