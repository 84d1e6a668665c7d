"""Consuming: deliveries that settle themselves, and a subscription that outlives broken connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import ChannelInvalidStateError, ChannelNotFoundEntity

from gt_common.errors import GossipToonError, TopologyError
from gt_common.log import get_logger
from gt_common.messages import utc_now
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import (
    BROKER_ERRORS,
    close_quietly,
    honest_losses,
    open_connection,
    plain_errors,
)
from gt_common.settings import Settings

if TYPE_CHECKING:
    import aiormq
    from pamqp.common import FieldTable

log = get_logger("consumer")

MOST_HELD = 65_535
"""The broker's greatest prefetch."""
FIRST_S = 5.0
"""A busy broker is waited for so long until it delivers the first of the messages that it has told of."""


class Delivery:
    """One message as it was delivered.

    Parameters:
        body: as it came
        headers: as they came
        delivery_count: how often it was delivered before and not settled
        content_type: as its publisher said, if it did
        via: the exchange through which it came; set by the broker, so nobody can forge it
        died_of: why the broker itself dead-lettered it (`delivery_limit`, `expired` …), if it did
        died_at: when it did; of another message when it was published, or came here if that is not said
    """

    def __init__(self, message: AbstractIncomingMessage) -> None:
        self._message = message
        self.body: bytes = message.body
        self.headers: Mapping[str, object] = message.headers
        self.content_type: str | None = message.content_type
        self.via: str = message.exchange or ""
        self.redelivered = bool(message.redelivered)
        self.delivery_count = _count(message.headers.get("x-delivery-count"), redelivered=self.redelivered)
        death = _death(message.headers)
        reason, time = death.get("reason"), death.get("time")
        self.died_of = reason if isinstance(reason, str) else None
        when = time if isinstance(time, datetime) else message.timestamp
        self.died_at = when.replace(tzinfo=when.tzinfo or UTC) if isinstance(when, datetime) else utc_now()

    @property
    def lost(self) -> bool:
        """Whether its channel is gone: it cannot be settled any more, and the broker delivers it again."""
        try:
            return self._message.channel.is_closed
        except ChannelInvalidStateError:
            return True

    async def ack(self) -> bool:
        """Settle the delivery; False when its channel is gone, so that the broker delivers it again.

        True is no proof either: a dead connection may not have been noticed yet.
        """
        try:
            with honest_losses():
                await self._message.ack()
        except BROKER_ERRORS as error:
            log.info("ack_not_sent", error=str(error))
            return False
        return True


Handler = Callable[[Delivery], None]
Arguments = Mapping[str, str | int | datetime]


class Subscription:
    """Keeps a consumer on a queue; after a loss it comes back by itself, with backoff.

    Parameters:
        prefetch: deliveries held at once
        handler: called in the event loop with each delivery; must return quickly and not raise
        arguments: of the consumer, such as the place in a stream from which to read
    """

    def __init__(
        self,
        settings: Settings,
        queue: str,
        prefetch: int,
        handler: Handler,
        name: str,
        *,
        arguments: Arguments | None = None,
    ) -> None:
        self._settings = settings
        self._queue_name = queue
        self._prefetch = prefetch
        self._handler = handler
        self._name = name
        self._arguments: FieldTable = dict(arguments or {})
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._queue: AbstractQueue | None = None
        self._tag = ""
        self._lost = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._cancelled = False
        self.server_version = ""

    async def start(self) -> None:
        """Consume for the first time; errors are the caller's."""
        await self._consume()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self._queue_name}")

    async def cancel(self) -> None:
        """Stop new deliveries; those at hand stay ours and can be settled."""
        self._cancelled = True
        if self._queue is not None and self._channel is not None and not self._channel.is_closed:
            try:
                with plain_errors("stop consuming"):
                    await self._queue.cancel(self._tag, timeout=5)
            except GossipToonError as error:
                log.info("consumer_not_cancelled", error=str(error))

    async def aclose(self) -> None:
        """Close; the broker delivers what was not settled to others."""
        self._cancelled = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await close_quietly(self._connection)

    async def _keep(self) -> None:
        backoff = Backoff()
        while True:
            await self._lost.wait()
            if self._cancelled:
                return
            if not backoff.tries:
                log.warning("subscription_lost", queue=self._queue_name)
            await close_quietly(self._connection)
            await backoff.wait()
            if self._cancelled:
                return
            try:
                await self._consume()
            except GossipToonError as error:
                log.info(
                    "subscription_again", queue=self._queue_name, problem=str(error), tries=backoff.tries
                )
            else:
                backoff.reset()
                log.info("subscription_restored", queue=self._queue_name)
                if self._cancelled:  # while it was connecting: there was nothing to cancel yet
                    await self.cancel()

    async def _consume(self) -> None:
        self._lost.set()
        self._connection = await open_connection(self._settings, f"{self._name} (consumes)")
        try:
            with plain_errors(f"consume from {self._queue_name}"):
                await self._consume_on(self._connection)
        except GossipToonError:
            await close_quietly(self._connection)
            raise

    async def _consume_on(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=self._prefetch)
        try:
            queue = await channel.declare_queue(self._queue_name, passive=True)
        except ChannelNotFoundEntity:
            raise TopologyError(
                f"the queue {self._queue_name} is missing; run `gt-topology declare`"
            ) from None
        lost = self._lost = asyncio.Event()
        channel.close_callbacks.add(lambda *_: lost.set())
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda *_: lost.set())
        self._channel, self._queue = channel, queue
        self.server_version = server_version(connection)
        self._tag = await queue.consume(self._on_message, arguments=self._arguments)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        self._handler(Delivery(message))


@asynccontextmanager
async def subscribe(
    settings: Settings,
    queue: str,
    prefetch: int,
    handler: Handler,
    name: str,
    *,
    arguments: Arguments | None = None,
) -> AsyncIterator[Subscription]:
    """Consume from a queue for the time of a block.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: at the first try; later losses are
            mended by the subscription itself
    """
    subscription = Subscription(settings, queue, prefetch, handler, name, arguments=arguments)
    await subscription.start()
    try:
        yield subscription
    finally:
        await subscription.aclose()


@asynccontextmanager
async def browse(settings: Settings, queue: str, name: str) -> AsyncIterator[list[Delivery]]:
    """Hold all messages that are ready in a queue; those not settled in the block return in their order.

    One consumer with the queue's depth as prefetch: `get` and `nack` would change the order.
    """
    connection = await open_connection(settings, name)
    try:
        yield await _collect(connection, queue)
    finally:
        await close_quietly(connection)


async def _collect(connection: AbstractConnection, name: str, idle_s: float = 2.0) -> list[Delivery]:
    with plain_errors(f"read the queue {name}"):
        channel = await connection.channel()
        try:
            queue = await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity:
            raise TopologyError(f"the queue {name} is missing; run `gt-topology declare`") from None
        ready = queue.declaration_result.message_count or 0
        depth = min(ready, MOST_HELD)
        if not depth:
            return []
        if ready > depth:
            log.warning("queue_longer_than_one_look", queue=name, looked_at=depth, behind=ready - depth)
        await channel.set_qos(prefetch_count=depth)
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        tag = await queue.consume(arrived.put)
        found: list[Delivery] = []
        while len(found) < depth:
            try:
                async with asyncio.timeout(idle_s if found else FIRST_S):
                    found.append(Delivery(await arrived.get()))
            except TimeoutError:
                break
        await queue.cancel(tag)
        while not arrived.empty():
            found.append(Delivery(arrived.get_nowait()))
        return found


def _count(header: object, *, redelivered: bool) -> int:
    if not redelivered:
        return 0  # whatever the header says: RabbitMQ 4 shows one that the publisher made up
    return header if isinstance(header, int) and header >= 1 else 1


def _death(headers: Mapping[str, object]) -> Mapping[str, object]:
    """Give the latest of the broker's own records of why it dead-lettered a message."""
    deaths = headers.get("x-death")
    found = deaths[0] if isinstance(deaths, list) and deaths else None
    return found if isinstance(found, dict) else {}


def server_version(connection: AbstractConnection) -> str:
    """Give the broker's version, such as `3.13.7`."""
    transport = connection.transport
    underlay: aiormq.abc.AbstractConnection | None = transport.connection if transport else None
    properties = getattr(underlay, "server_properties", None) or {}
    version = properties.get("version", "")
    return version.decode() if isinstance(version, bytes) else str(version)
