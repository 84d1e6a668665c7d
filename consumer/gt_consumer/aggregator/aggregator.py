"""Takes deliveries of the ledger's queue into the ledger: in groups, committed first, acked after."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gt_common.errors import (
    BrokerUnreachableError,
    CredentialsRefusedError,
    LedgerUnreachableError,
    MalformedMessageError,
)
from gt_common.log import get_logger, log_context
from gt_common.messages import Event, header_log_keys, log_keys
from gt_common.messaging.dead_letters import (
    known_headers,
)
from gt_common.messaging.names import RESULT_KEY
from gt_consumer.aggregator.reading import Arrival, Reading, read

log = get_logger("aggregator")

GROUP = 200
IDLE_S = 2.0


class Outbox(Protocol):
    """What the aggregator publishes; gt_common.messaging.publisher.Publisher is one."""

    async def malformed(
        self, body: bytes, reason: str, key: str, headers: Mapping[str, str | int] | None = None
    ) -> None:
        """Put aside a message that cannot be understood; returns once that is confirmed."""
        ...

    async def progress(self, event: Event) -> None:
        """Tell those who watch now; best effort."""
        ...


@dataclass
class Tally:
    """What an aggregator took in: deliveries, events among them that the ledger did not know, unreadable."""

    taken: int = 0
    new: int = 0
    malformed: int = 0


class Aggregator:
    """Groups, commits and acks. Killed between commit and ack it gets the same events again: same rows.

    Parameters:
        apply: takes a group of events into the ledger in one transaction (Ledger.apply); runs in a thread
        outbox: where unreadable messages and news go
        first_wait, longest_wait: seconds between tries while the ledger does not answer
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Event]], int],
        outbox: Outbox,
        *,
        group: int = GROUP,
        first_wait: float = 0.5,
        longest_wait: float = 30.0,
    ) -> None:
        self.tally = Tally()
        self._apply = apply
        self._outbox = outbox
        self._group = group
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._arrived: deque[Arrival] = deque()
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many deliveries wait for their group."""
        return len(self._arrived)

    def receive(self, arrival: Arrival) -> None:
        """Take a delivery; the subscription's handler."""
        # While the ledger is away, each new connection brings all unacked messages once more.
        self._drop_lost()
        self._arrived.append(arrival)
        self._woken.set()

    def stop(self) -> None:
        """Finish the group at hand and take no other; what is left the broker delivers again."""
        self._stopping.set()
        self._woken.set()

    async def run(self, *, depth: Callable[[], Awaitable[int]] | None = None, idle_s: float = IDLE_S) -> None:
        """Work until `stop` or, with `depth`, until nothing came for a while and nothing waits.

        Parameters:
            depth: tells how many messages wait in the queue
            idle_s: seconds without a delivery before `depth` is asked
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

    async def _collect(self) -> list[Arrival]:
        """Wait for a delivery and give it with all that came along, up to a group; none after `stop`."""
        while not self._stopping.is_set():
            self._drop_lost()
            if self._arrived:
                return [self._arrived.popleft() for _ in range(min(self._group, len(self._arrived)))]
            self._woken.clear()
            await self._woken.wait()
        return []

    def _drop_lost(self) -> None:
        """Forget deliveries that the broker delivers again; they are the oldest."""
        while self._arrived and self._arrived[0].lost:
            self._arrived.popleft()

    async def _take(self, group: Sequence[Arrival]) -> None:
        readings = [read(arrival) for arrival in group]
        if not await self._commit(readings):
            return
        for reading in readings:
            headers = reading.arrival.headers
            with log_context(log_keys(reading.event) if reading.event else header_log_keys(headers)):
                await self._settle(reading)

    async def _settle(self, reading: Reading) -> None:
        if reading.problem:
            await self._put_aside(reading)
        elif reading.news:
            await self._outbox.progress(reading.news)
        elif not reading.event:
            log.warning("unnamed_story_skipped", bytes=len(reading.arrival.body))
        await reading.arrival.ack()
        self.tally.taken += 1

    async def _commit(self, readings: Sequence[Reading]) -> bool:
        """Take all readable events into the ledger; False when told to stop while it does not answer."""
        readable = [reading for reading in readings if reading.event]
        events = [reading.event for reading in readable if reading.event]
        try:
            return not events or await self._apply_until_done(events)
        except MalformedMessageError as error:
            if len(readable) == 1:
                readable[0].problem = str(error)
                return True
        # One event that the database cannot store must not keep out the others: find it.
        return all([await self._commit([reading]) for reading in readable])

    async def _apply_until_done(self, events: Sequence[Event]) -> bool:
        tries = 0
        while True:
            try:
                self.tally.new += await asyncio.to_thread(self._apply, events)
            except (LedgerUnreachableError, CredentialsRefusedError) as error:
                if not tries:
                    log.warning("ledger_lost", error=str(error), unacked=len(events))
                if await self._stopped_within(self._wait_before(tries)):
                    return False
                tries += 1
            else:
                if tries:
                    log.info("ledger_recovered", tries=tries)
                return True

    def _wait_before(self, tries: int) -> float:
        longest = min(self._longest_wait, self._first_wait * 2.0 ** min(tries, 16))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter needs no secrecy

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    async def _put_aside(self, reading: Reading) -> None:
        arrival = reading.arrival
        log.warning("result_rejected", error=reading.problem, bytes=len(arrival.body))
        headers = known_headers(arrival.headers)
        await self._outbox.malformed(arrival.body, reading.problem, RESULT_KEY, headers)
        self.tally.malformed += 1


async def _is_empty(depth: Callable[[], Awaitable[int]]) -> bool:
    try:
        return await depth() == 0
    except BrokerUnreachableError:
        # The subscription comes back by itself, and what was not acked with it.
        return False
