"""A subscription to a queue that survives broken connections."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.abc import ConsumerCallback, DeliveredMessage

from gt_common.errors import CredentialsRefusedError, GossipToonError, TopologyError
from gt_common.log import get_logger
from gt_common.messaging.acks import Acks
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import (
    close_quietly,
    open_connection,
    plain_errors,
)
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.tap import Arrived, Take
from gt_common.messaging.transport import FollowedConnection
from gt_common.messaging.versions import server_version
from gt_common.settings import Settings

if TYPE_CHECKING:
    from pamqp.common import FieldTable

log = get_logger("consumer")


Handler = Callable[[Delivery], None]
Arguments = Mapping[str, str | int | datetime]


class Subscription:
    """Keeps a consumer on a queue; after a loss it reconnects by itself, with backoff.

    Parameters:
        prefetch: most unsettled deliveries at a time; those from before a `pause` do not count after it,
            because the broker counts for each consumer, and for a quorum queue only so
        handler: called in the event loop with each delivery; must return quickly and not raise
        arguments: consumer arguments, such as the offset in a stream
        on_start: called before each time that it begins to consume, also after a lost connection
        on_lost: called when the connection is known to be lost
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
        on_start: Callable[[], None] = lambda: None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_start = on_start
        self._on_lost = on_lost
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
        self._paused = False
        self._refused = False
        self.server_version = ""

    async def start(self) -> None:
        """Start consuming; errors of the first try are raised."""
        await self._consume()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self._queue_name}")

    async def cancel(self) -> None:
        """Stop new deliveries; those already received can still be settled."""
        self._cancelled = True
        await self._stop_consuming()

    async def pause(self) -> None:
        """Stop new deliveries until `resume`, also when the connection comes back meanwhile."""
        self._paused = True
        await self._stop_consuming()

    async def resume(self) -> None:
        """Consume again after `pause`."""
        self._paused = False
        try:
            with plain_errors(f"consume from {self._queue_name}"):
                await self._start_consuming()
        except GossipToonError as error:
            log.info("resume_failed", queue=self._queue_name, error=str(error))
            # The keeper opens another connection and consumes on that.
            self._lost.set()

    async def _stop_consuming(self) -> None:
        if (
            self._tag
            and self._queue is not None
            and self._channel is not None
            and not self._channel.is_closed
        ):
            try:
                with plain_errors("stop consuming"):
                    tag, self._tag = self._tag, ""
                    await self._queue.cancel(tag, timeout=5)
            except GossipToonError as error:
                log.info("cancel_failed", error=str(error))

    async def aclose(self) -> None:
        """Close; the broker redelivers what was not settled."""
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
                self._on_lost()
            await close_quietly(self._connection)
            await backoff.wait()
            if self._cancelled:
                return
            try:
                await self._consume()
            except GossipToonError as error:
                self._log_failure(error, backoff.tries)
            else:
                self._refused = False
                backoff.reset()
                log.info("subscription_restored", queue=self._queue_name)

    def _log_failure(self, error: GossipToonError, tries: int) -> None:
        if isinstance(error, CredentialsRefusedError) and not self._refused:
            # A changed password needs somebody: a warning, once, that is not lost among the tries.
            self._refused = True
            log.warning("resubscribe_failed", queue=self._queue_name, error=str(error), tries=tries)
        else:
            log.info("resubscribe_failed", queue=self._queue_name, error=str(error), tries=tries)

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
        self._tag = ""
        await self._start_consuming()

    async def _start_consuming(self) -> None:
        if self._tag or self._queue is None or self._paused or self._cancelled:
            return
        self._tag = tag = f"{uuid.uuid4().hex}"
        self._on_start()
        # Below the client's own `consume`, which takes another task for each message.
        channel = await self._queue.channel.get_underlay_channel()
        acks = Acks(channel)
        if isinstance(self._connection, FollowedConnection) and self._connection.tap is not None:
            self._connection.tap.consume(channel.number, tag, self._on_arrival(acks))
        await channel.basic_consume(
            self._queue_name, self._on_message(acks), arguments=self._arguments, consumer_tag=tag
        )

    def _on_arrival(self, acks: Acks) -> Take:
        def take(arrived: Arrived) -> None:
            if acks.channel.is_closed:
                return  # the broker delivers it again
            try:
                self._handler(Delivery(arrived, acks))
            except Exception:
                # It must not reach the socket, which would close. The delivery stays unsettled.
                log.exception("delivery_handler_failed", queue=self._queue_name)

        return take

    def _on_message(self, acks: Acks) -> ConsumerCallback:
        """Return what takes the deliveries that the connection's tap leaves to the client library."""

        async def take(message: DeliveredMessage) -> None:
            self._handler(Delivery.of(message, acks))

        return take


@asynccontextmanager
async def subscribe(
    settings: Settings,
    queue: str,
    prefetch: int,
    handler: Handler,
    name: str,
    *,
    arguments: Arguments | None = None,
    on_start: Callable[[], None] = lambda: None,
    on_lost: Callable[[], None] = lambda: None,
    paused: bool = False,
) -> AsyncIterator[Subscription]:
    """Consume from a queue for the duration of a block; for the other parameters see `Subscription`.

    Parameters:
        paused: take nothing until `resume`

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: at the first try; after
            later losses the subscription reconnects by itself
    """
    subscription = Subscription(
        settings, queue, prefetch, handler, name, arguments=arguments, on_start=on_start, on_lost=on_lost
    )
    if paused:
        await subscription.pause()
    await subscription.start()
    try:
        yield subscription
    finally:
        await subscription.aclose()
