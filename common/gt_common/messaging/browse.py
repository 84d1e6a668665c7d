"""Reads a queue from its head without changing the order of what stays in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aiormq.abc import DeliveredMessage

from gt_common.errors import QueueUnavailableError, TopologyError
from gt_common.log import get_logger
from gt_common.messaging.acks import Acks
from gt_common.messaging.connection import (
    close_quietly,
    open_connection,
    plain_errors,
)
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.lookup import Lookup
from gt_common.settings import Settings

log = get_logger("messaging")

MOST_PREFETCH = 65_535
"""The broker's maximum prefetch."""
WINDOWS = (*[2_000] * 2, *[12_000] * 16, *[MOST_PREFETCH] * 14)
"""Prefetch of each consumer. RabbitMQ returns the messages of up to 32 consumers of a channel in order.

It delivers nothing before it has taken a whole window out of the queue, some seconds for a large one.
"""
IDLE_S = 2.0
"""After this time without a message the broker is asked whether there are more, in seconds."""
RETURN_S = 0.5
"""How long the broker may take until a message of a closed channel is ready again, in seconds."""
EMPTY_TIMES = 3
"""How often in a row a queue is reported as empty before that is believed while messages are expected."""
PATIENCE_S = 60.0
"""How long to wait for the leader of a queue, or for a message that it reports as ready, in seconds."""


@asynccontextmanager
async def browse(settings: Settings, queue: str, name: str) -> AsyncIterator[list[Delivery]]:
    """Hold all messages that are ready in a queue; unsettled ones return in order after the block."""
    async with open_browser(settings, queue, name) as browser:
        yield [delivery async for delivery in browser.messages()]


@asynccontextmanager
async def open_browser(settings: Settings, queue: str, name: str) -> AsyncIterator[Browser]:
    """Read a queue from its head; what is not settled in the block returns in order after it.

    Raises:
        TopologyError: there is no such queue
        BrokerUnreachableError, CredentialsRefusedError: it cannot be read
        QueueUnavailableError: the broker answers and does not deliver
    """
    connection = await open_connection(settings, name)
    try:
        browser = Browser(connection, queue, await ready_messages(connection, queue))
        try:
            yield browser
        finally:
            await browser.settle()
    finally:
        await close_quietly(connection)


class Browser:
    """Delivers the messages that were ready at the beginning, oldest first.

    A consumer gets no further than its prefetch unless messages are settled. So one consumer after the other
    is added, each when the one before it holds as many unsettled messages as it may. `get` and `nack` would
    change the order.

    Parameters:
        depth: number of messages that were ready at the beginning
    """

    def __init__(self, connection: AbstractConnection, queue: str, depth: int) -> None:
        self.depth = depth
        self._connection = connection
        self._name = queue
        self._arrived: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        self._acks: list[Acks] = []

    async def settle(self) -> None:
        """Wait until the queue has surely taken what was acked."""
        for acks in self._acks:
            await acks.settle()

    async def messages(self) -> AsyncIterator[Delivery]:
        """Yield each message; it must be settled, or left for good, before the next one is asked for."""
        async for group in self.groups(1):
            yield group[0]

    async def groups(self, most: int) -> AsyncIterator[list[Delivery]]:
        """Yield the messages that have arrived, in groups; see `messages`."""
        with plain_errors(f"read the queue {self._name}"):
            channel = await self._connection.channel()
            queue = await channel.get_queue(self._name, ensure=False)
            acks = Acks(await channel.get_underlay_channel())
            self._acks.append(acks)
        looked = window = room = 0
        while looked < self.depth:
            if not room:
                if window == len(WINDOWS):
                    hidden = self.depth - looked
                    log.warning("browse_truncated", queue=self._name, shown=looked, hidden=hidden)
                    return
                room = min(WINDOWS[window], self.depth - looked)
                await self._consume(channel, queue, window, room)
                window += 1
            message = await self._next()
            if message is None:
                return
            group = [Delivery.of(message, acks)]
            while len(group) < min(most, self.depth - looked) and not self._arrived.empty():
                group.append(Delivery.of(self._arrived.get_nowait(), acks))
            looked += len(group)
            yield group
            room -= sum(not delivery.settled for delivery in group)

    async def _consume(
        self, channel: AbstractChannel, queue: AbstractQueue, window: int, prefetch: int
    ) -> None:
        with plain_errors(f"read the queue {self._name}"):
            await channel.set_qos(prefetch_count=prefetch)
            # RabbitMQ 3.10 returns messages in the order of the consumers' names.
            underlay = await channel.get_underlay_channel()
            await underlay.basic_consume(self._name, self._arrived.put, consumer_tag=f"browser-{window:03}")

    async def _next(self) -> DeliveredMessage | None:
        """Return the next message, or None if another consumer has taken the rest.

        RabbitMQ 3.10 reports 0 messages if the queue does not answer it at once, so a single 0 means nothing.
        No second consumer may ask here: the message that it got would lose its place.
        """
        waited, empty = 0.0, 0
        while waited < PATIENCE_S:
            try:
                async with asyncio.timeout(IDLE_S):
                    return await self._arrived.get()
            except TimeoutError:
                waited += IDLE_S
            empty = 0 if await _reported(self._connection, self._name) else empty + 1
            if empty == EMPTY_TIMES:
                return None
            if waited == IDLE_S:
                log.warning("delivery_delayed", queue=self._name, patience_s=PATIENCE_S)
        raise QueueUnavailableError(
            f"the broker reports messages in the queue {self._name} but has delivered none for "
            f"{PATIENCE_S:g} s; try again later"
        )


async def ready_messages(connection: AbstractConnection, name: str) -> int:
    """Return how many messages are ready in a queue.

    RabbitMQ 3.10 reports 0 while a queue is still loading, for up to half a minute after its start. A
    consumer is only accepted when the queue has been loaded, so 0 is asked for again after that.

    Raises:
        TopologyError: there is no such queue
        BrokerUnreachableError, CredentialsRefusedError: it cannot be read
    """
    ready = await _reported(connection, name)
    if ready:
        return ready
    if await _wait_until_loaded(connection, name):
        await asyncio.sleep(RETURN_S)
    return await _reported(connection, name)


async def _reported(connection: AbstractConnection, name: str) -> int:
    info = await Lookup(connection).queue(name)
    if info.messages is None:
        raise TopologyError(f"the queue {name} is missing; run `gt-topology declare`")
    return info.messages


async def _wait_until_loaded(connection: AbstractConnection, name: str) -> bool:
    """Wait until the queue accepts a consumer. Return whether a message came, which returns to its place."""
    arrived: list[AbstractIncomingMessage] = []

    async def hold(message: AbstractIncomingMessage) -> None:
        arrived.append(message)

    with plain_errors(f"read the queue {name}"):
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1)
        queue = await channel.get_queue(name, ensure=False)
        accepted = asyncio.create_task(queue.consume(hold))
        try:
            await asyncio.wait({accepted}, timeout=IDLE_S)
            if not accepted.done():
                log.warning("queue_load_awaited", queue=name, patience_s=PATIENCE_S)
                await asyncio.wait({accepted}, timeout=PATIENCE_S)
            if not accepted.done():
                raise QueueUnavailableError(
                    f"the broker has not loaded the queue {name} within {PATIENCE_S:g} s; try again later"
                )
            await queue.cancel(accepted.result())
        finally:
            accepted.cancel()
        await close_quietly(channel)
        return bool(arrived)
