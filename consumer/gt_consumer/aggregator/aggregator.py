"""Write deliveries of the ledger's queue to the ledger in groups: commit first, then ack."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gt_common.errors import (
    BrokerUnreachableError,
    CredentialsRefusedError,
    LedgerUnreachableError,
    MalformedMessageError,
)
from gt_common.log import get_logger, log_context
from gt_common.messages import Event, UnknownEvent, header_log_keys, log_keys, utc_now
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.dead_letters import (
    known_headers,
)
from gt_common.messaging.names import RESULT_KEY
from gt_consumer.aggregator.decoding import Decoded, LedgerDelivery, decode

log = get_logger("aggregator")

GROUP = 1000
"""Most events in one transaction."""
GROUP_BYTES = 2 * 1024 * 1024
"""Size of a group's messages from which on no more are added: parts of long lists are large."""
PREFETCH = 2 * GROUP
"""Deliveries that may be unacked: a group in its transaction, and the next one."""
LINGER_S = 0.1
"""Shortest time between two transactions, unless a group is full; after a longer pause nothing waits.

Ten in a second are as many as anybody can watch, and cost little: docs/decisions/0045.
"""
IDLE_S = 2.0


class AggregatorPublisher(Protocol):
    """What the aggregator publishes; gt_common.messaging.publisher.Publisher provides it."""

    async def malformed(
        self, body: bytes, reason: str, key: str, headers: Mapping[str, str | int] | None = None
    ) -> None:
        """Dead-letter an unreadable message; return once that is confirmed."""
        ...

    async def progress(self, event: Event | UnknownEvent) -> None:
        """Publish an event that the ledger has to those who follow its batch; never waits."""
        ...


@dataclass
class Tally:
    """What an aggregator has done.

    Parameters:
        taken: acked deliveries
        new: events that the ledger did not have
        malformed: unreadable deliveries
        unknown: events of types that only a newer version knows, by type
    """

    taken: int = 0
    new: int = 0
    malformed: int = 0
    unknown: Counter[str] = field(default_factory=Counter)


class Aggregator:
    """Groups, commits and acks deliveries.

    If it is killed between commit and ack, the same events are delivered again and change nothing.

    Parameters:
        apply: writes a group of events to the ledger in one transaction (Ledger.apply); called in a thread
        publisher: for unreadable messages and for events to watchers
        committed: called with the events of each transaction once it is committed; returns at once
        traced: the same with their deliveries
        group: maximum number of events in one transaction
        linger_s: seconds after a transaction in which the next one waits for more events
        first_wait, longest_wait: seconds between tries while the ledger does not answer
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Event | UnknownEvent]], int],
        publisher: AggregatorPublisher,
        *,
        committed: Callable[[Sequence[Event | UnknownEvent]], None] = lambda _events: None,
        traced: Callable[[Sequence[Decoded]], None] = lambda _decoded: None,
        group: int = GROUP,
        linger_s: float = LINGER_S,
        first_wait: float = 0.5,
        longest_wait: float = 30.0,
    ) -> None:
        self.tally = Tally()
        self.lingering = False
        self._apply = apply
        self._publisher = publisher
        self._committed = committed
        self._traced = traced
        self._group = group
        self._linger_s = linger_s
        self._rested_at = 0.0
        self._oldest: datetime | None = None
        self._last_lag_s = 0.0
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._arrived: deque[LedgerDelivery] = deque()
        self._woken = asyncio.Event()
        self._full = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def lag_s(self) -> float:
        """Age in seconds of the oldest event that is being written or was written last; 0 if none waits."""
        if self._oldest is not None:
            return max(0.0, (utc_now() - self._oldest).total_seconds())
        return self._last_lag_s if self._arrived else 0.0

    @property
    def waiting(self) -> int:
        """Number of deliveries that are waiting for their group."""
        return len(self._arrived)

    def receive(self, delivery: LedgerDelivery) -> None:
        """Add a delivery; this is the subscription's handler."""
        # While the ledger is down, every new connection delivers all unacked messages again.
        self._drop_lost()
        self._arrived.append(delivery)
        self._woken.set()
        if len(self._arrived) >= self._group:
            self._full.set()

    def stop(self) -> None:
        """Finish the current group and start no other; the broker redelivers the rest."""
        self._stopping.set()
        self._woken.set()
        self._full.set()

    async def run(self, *, depth: Callable[[], Awaitable[int]] | None = None, idle_s: float = IDLE_S) -> None:
        """Work until `stop` or, with `depth`, until the queue is empty and no delivery arrives for a while.

        Parameters:
            depth: returns the number of messages ready in the queue
            idle_s: seconds without a delivery before `depth` is called
        """
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(idle_s if depth else None):
                    group = await self._collect()
            except TimeoutError:
                if depth and await _is_empty(depth) and not self._arrived:
                    return
            else:
                await self._take(group)

    async def _collect(self) -> list[LedgerDelivery]:
        """Wait for deliveries and return up to a group of them; an empty list after `stop`."""
        while not self._stopping.is_set():
            self._drop_lost()
            if self._arrived:
                await self._linger()
                if group := self._next_group():
                    return group
            self._woken.clear()
            await self._woken.wait()
        return []

    async def _linger(self) -> None:
        """Wait for more deliveries if the last transaction has just ended: each costs a write to the disk."""
        left = self._rested_at - time.monotonic()
        if left <= 0 or len(self._arrived) >= self._group:
            return
        self._full.clear()
        self.lingering = True
        try:
            async with asyncio.timeout(left):
                await self._full.wait()
        except TimeoutError:
            pass
        finally:
            self.lingering = False

    def _next_group(self) -> list[LedgerDelivery]:
        self._drop_lost()
        group: list[LedgerDelivery] = []
        size = 0
        while self._arrived and len(group) < self._group and size < GROUP_BYTES:
            group.append(self._arrived.popleft())
            size += len(group[-1].body)
        return group

    def _drop_lost(self) -> None:
        """Drop deliveries that the broker delivers again; they are the oldest."""
        while self._arrived and self._arrived[0].lost:
            self._arrived.popleft()

    async def _take(self, group: Sequence[LedgerDelivery]) -> None:
        decoded = [decode(delivery) for delivery in group]
        self._oldest = min(_times(decoded), default=None)
        if not await self._commit(decoded):
            return
        self._last_lag_s, self._oldest = self.lag_s, None
        self._traced(decoded)
        self._rested_at = time.monotonic() + self._linger_s
        settled: list[LedgerDelivery] = []
        for one in decoded:
            if one.problem:
                # What is put aside is acked at once, so that a kill repeats at most one of them.
                await self._ack(settled)
                await self._reject(one)
                await self._ack([one.delivery])
                settled = []
            else:
                await self._announce(one)
                settled.append(one.delivery)
        await self._ack(settled)

    async def _announce(self, one: Decoded) -> None:
        """Publish a committed event to those who follow its batch."""
        if one.event is None:
            with log_context(header_log_keys(one.delivery.headers)):
                log.warning("unnamed_story_skipped", bytes=len(one.delivery.body))
            return
        if isinstance(one.event, UnknownEvent):
            self._count_unknown(one.event)
        await self._publisher.progress(one.event)

    async def _ack(self, settled: Sequence[LedgerDelivery]) -> None:
        """Ack deliveries in one step per channel; all that came before them are acked already."""
        latest = {delivery.channel: delivery for delivery in settled}
        for delivery in latest.values():
            await delivery.ack(with_earlier=True)
        self.tally.taken += len(settled)

    async def _commit(self, decoded: Sequence[Decoded]) -> bool:
        """Write all readable events to the ledger; return False if stopped while it does not answer."""
        readable = [one for one in decoded if one.event]
        events = [one.event for one in readable if one.event]
        try:
            return not events or await self._apply_until_done(events)
        except MalformedMessageError as error:
            if len(readable) == 1:
                readable[0].problem = str(error)
                return True
        # One event that the database cannot store must not block the others: find it.
        return all([await self._commit([one]) for one in readable])

    async def _apply_until_done(self, events: Sequence[Event | UnknownEvent]) -> bool:
        backoff = Backoff(self._first_wait, self._longest_wait, stop=self._stopping)
        while True:
            try:
                self.tally.new += await asyncio.to_thread(self._apply, events)
            except (LedgerUnreachableError, CredentialsRefusedError) as error:
                if not backoff.tries:
                    log.warning("ledger_lost", error=str(error), unacked=len(events))
                if not await backoff.wait():
                    return False
            else:
                if backoff.tries:
                    log.info("ledger_recovered", tries=backoff.tries)
                self._committed(events)
                return True

    def _count_unknown(self, event: UnknownEvent) -> None:
        if not self.tally.unknown[event.type]:
            with log_context(log_keys(event)):
                log.warning("unknown_event_stored", type=event.type, v=event.v)
        self.tally.unknown[event.type] += 1

    async def _reject(self, one: Decoded) -> None:
        delivery = one.delivery
        with log_context(header_log_keys(delivery.headers)):
            log.warning("result_rejected", error=one.problem, bytes=len(delivery.body))
        headers = known_headers(delivery.headers)
        await self._publisher.malformed(delivery.body, one.problem, RESULT_KEY, headers)
        self.tally.malformed += 1


def _times(decoded: Sequence[Decoded]) -> Iterator[datetime]:
    """Yield when events happened."""
    for one in decoded:
        if one.event is not None and not isinstance(one.event, UnknownEvent):
            yield one.event.at


async def _is_empty(depth: Callable[[], Awaitable[int]]) -> bool:
    try:
        return await depth() == 0
    except BrokerUnreachableError:
        # The subscription reconnects by itself, and unacked messages are delivered again.
        return False
