"""Write deliveries of the ledger's queue to the ledger in groups: commit first, then ack."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gt_common.errors import (
    BrokerUnreachableError,
    CredentialsRefusedError,
    LedgerUnreachableError,
    MalformedMessageError,
)
from gt_common.log import get_logger, log_context
from gt_common.messages import Event, UnknownEvent, header_log_keys, log_keys
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.dead_letters import (
    known_headers,
)
from gt_common.messaging.names import RESULT_KEY
from gt_consumer.aggregator.decoding import Decoded, LedgerDelivery, decode

log = get_logger("aggregator")

GROUP = 200
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
        group: maximum number of events in one transaction
        first_wait, longest_wait: seconds between tries while the ledger does not answer
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Event | UnknownEvent]], int],
        publisher: AggregatorPublisher,
        *,
        group: int = GROUP,
        first_wait: float = 0.5,
        longest_wait: float = 30.0,
    ) -> None:
        self.tally = Tally()
        self._apply = apply
        self._publisher = publisher
        self._group = group
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._arrived: deque[LedgerDelivery] = deque()
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()

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

    def stop(self) -> None:
        """Finish the current group and start no other; the broker redelivers the rest."""
        self._stopping.set()
        self._woken.set()

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
                return [self._arrived.popleft() for _ in range(min(self._group, len(self._arrived)))]
            self._woken.clear()
            await self._woken.wait()
        return []

    def _drop_lost(self) -> None:
        """Drop deliveries that the broker delivers again; they are the oldest."""
        while self._arrived and self._arrived[0].lost:
            self._arrived.popleft()

    async def _take(self, group: Sequence[LedgerDelivery]) -> None:
        decoded = [decode(delivery) for delivery in group]
        if not await self._commit(decoded):
            return
        for one in decoded:
            headers = one.delivery.headers
            with log_context(log_keys(one.event) if one.event else header_log_keys(headers)):
                await self._settle(one)

    async def _settle(self, one: Decoded) -> None:
        if one.problem:
            await self._reject(one)
        elif not one.event:
            log.warning("unnamed_story_skipped", bytes=len(one.delivery.body))
        else:
            if isinstance(one.event, UnknownEvent):
                self._count_unknown(one.event)
            await self._publisher.progress(one.event)
        await one.delivery.ack()
        self.tally.taken += 1

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
                return True

    def _count_unknown(self, event: UnknownEvent) -> None:
        if not self.tally.unknown[event.type]:
            log.warning("unknown_event_stored", type=event.type, v=event.v)
        self.tally.unknown[event.type] += 1

    async def _reject(self, one: Decoded) -> None:
        delivery = one.delivery
        log.warning("result_rejected", error=one.problem, bytes=len(delivery.body))
        headers = known_headers(delivery.headers)
        await self._publisher.malformed(delivery.body, one.problem, RESULT_KEY, headers)
        self.tally.malformed += 1


async def _is_empty(depth: Callable[[], Awaitable[int]]) -> bool:
    try:
        return await depth() == 0
    except BrokerUnreachableError:
        # The subscription reconnects by itself, and unacked messages are delivered again.
        return False
