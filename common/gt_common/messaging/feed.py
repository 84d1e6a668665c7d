"""Sends events to those who follow batches, and signs of life, beside the work and never in its way.

Best effort, as the ledger is authoritative: it has a connection of its own, so that nothing it does can close
a channel or fill a connection on which somebody waits for a confirm.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError
from gt_common.log import get_logger, log_context
from gt_common.messages import encode, log_keys, routing_key
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import BROKER_ERRORS, close_quietly, honest_losses, open_connection
from gt_common.messaging.names import Names
from gt_common.messaging.pipeline import CONTENT_TYPE, Outgoing, body_frames
from gt_common.settings import Settings

if TYPE_CHECKING:
    from gt_common.messages import Event, UnknownEvent

log = get_logger("publisher")

MOST_UNSENT = 10_000
"""Events that may wait; then the oldest are dropped."""
_AT_ONCE = 100
_SEND_S = 5.0
_LAST_S = 2.0


class Feed:
    """Publishes events to the exchange of followers in order, without confirms, in a task of its own."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._exchange = Names(settings.namespace).progress
        self._name = f"{name} (progress)"
        self._latest: Outgoing | None = None
        self._unsent: deque[Event | UnknownEvent] = deque(maxlen=MOST_UNSENT)
        self._woken = asyncio.Event()
        self._empty = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None

    def put(self, event: Event | UnknownEvent) -> None:
        """Add an event; return at once."""
        self._unsent.append(event)
        self._wake()

    def put_latest(self, message: Outgoing) -> None:
        """Add a message that replaces the one before if that is still unsent; return at once."""
        self._latest = message
        self._wake()

    def _wake(self) -> None:
        self._empty.clear()
        self._woken.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="feed followers")

    async def aclose(self) -> None:
        """Send what is left, for a moment at most, and close the connection."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(_LAST_S):
                await self._empty.wait()
                # Without confirms only this handshake shows that the broker has read everything.
                await close_quietly(self._channel)
        except TimeoutError:
            log.debug("progress_dropped", error="the command ends", count=len(self._unsent))
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await close_quietly(self._connection)

    async def _run(self) -> None:
        backoff = Backoff()
        while True:
            while self._unsent or self._latest:
                group = [self._unsent.popleft() for _ in range(min(_AT_ONCE, len(self._unsent)))]
                latest, self._latest = self._latest, None
                if await self._sent(group, latest):
                    backoff.reset()
                else:
                    await self._reset()
                    await backoff.wait()
            self._empty.set()
            self._woken.clear()
            await self._woken.wait()

    async def _sent(self, group: Sequence[Event | UnknownEvent], latest: Outgoing | None) -> bool:
        """Send messages in one write; return whether the connection took them."""
        try:
            with honest_losses():
                async with asyncio.timeout(_SEND_S if self._channel else None):
                    channel = cast("Channel", await (await self._open()).get_underlay_channel())
                    taken = channel.create_future()
                    payload = b"".join(self._frames(channel, group, latest))
                    await channel.write_queue.put(
                        ChannelFrame(payload, should_close=False, drain_future=taken)
                    )
                    await taken
        except (*BROKER_ERRORS, BrokerUnreachableError, CredentialsRefusedError) as error:
            with log_context(log_keys(group[0]) if group else {}):
                log.debug("progress_dropped", error=str(error), count=len(self._unsent) + len(group))
            return False
        return True

    def _frames(
        self, channel: Channel, group: Sequence[Event | UnknownEvent], latest: Outgoing | None
    ) -> Iterator[bytes]:
        for event in group:
            key = routing_key(event)
            yield from _message_frames(channel, self._exchange, key, encode(event))
        if latest is not None:
            yield from _message_frames(channel, latest.exchange, latest.key, latest.body)

    async def _open(self) -> AbstractChannel:
        if self._channel is None or self._channel.is_closed:
            await self._reset()
            self._connection = await open_connection(self._settings, self._name)
            self._channel = await self._connection.channel(publisher_confirms=False)
        return self._channel

    async def _reset(self) -> None:
        """Drop the connection; the next event opens another."""
        connection, self._connection, self._channel = self._connection, None, None
        await close_quietly(connection)


def _message_frames(channel: Channel, exchange: str, key: str, body: bytes) -> Iterator[bytes]:
    """Yield the frames of a message without a confirm; the client's own publish takes ten times as long."""
    number = channel.number
    yield _method_frame(exchange, key, number)
    yield _header_frame(len(body), number)
    yield from body_frames(channel, body)


@lru_cache(maxsize=256)
def _method_frame(exchange: str, key: str, number: int) -> bytes:
    return marshal(Basic.Publish(exchange=exchange, routing_key=key), number)


@lru_cache(maxsize=2048)
def _header_frame(size: int, number: int) -> bytes:
    properties = Basic.Properties(content_type=CONTENT_TYPE)
    return marshal(ContentHeader(body_size=size, properties=properties), number)
