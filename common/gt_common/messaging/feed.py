"""Sends events to those who follow batches, beside the work and never in its way.

Best effort, as the ledger is authoritative: it has a connection of its own, so that nothing it does can close
a channel or fill a connection on which somebody waits for a confirm.
"""

from __future__ import annotations

import asyncio
from collections import deque

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError
from gt_common.log import get_logger, log_context
from gt_common.messages import Event, UnknownEvent, encode, log_keys
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import BROKER_ERRORS, close_quietly, honest_losses, open_connection
from gt_common.messaging.names import Names
from gt_common.settings import Settings

log = get_logger("publisher")

MOST_UNSENT = 10_000
"""Events that may wait; then the oldest are dropped."""
_SEND_S = 5.0
_LAST_S = 2.0


class Feed:
    """Publishes events to the exchange of followers in order, without confirms, in a task of its own."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._exchange = Names(settings.namespace).progress
        self._name = f"{name} (progress)"
        self._unsent: deque[Event | UnknownEvent] = deque(maxlen=MOST_UNSENT)
        self._woken = asyncio.Event()
        self._empty = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None

    def put(self, event: Event | UnknownEvent) -> None:
        """Add an event; return at once."""
        self._unsent.append(event)
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
            while self._unsent:
                event = self._unsent.popleft()
                if await self._sent(event):
                    backoff.reset()
                else:
                    await self._reset()
                    await backoff.wait()
            self._empty.set()
            self._woken.clear()
            await self._woken.wait()

    async def _sent(self, event: Event | UnknownEvent) -> bool:
        # A follower may be newer than this program.
        body = event.body.encode() if isinstance(event, UnknownEvent) else encode(event)
        message = aio_pika.Message(body, content_type="application/json")
        try:
            with honest_losses():
                async with asyncio.timeout(_SEND_S if self._channel else None):
                    channel = await self._open()
                    exchange = await channel.get_exchange(self._exchange, ensure=False)
                    await exchange.publish(message, f"{event.batch_id}.{event.type}", mandatory=False)
        except (*BROKER_ERRORS, BrokerUnreachableError, CredentialsRefusedError) as error:
            with log_context(log_keys(event)):
                log.debug("progress_dropped", error=str(error), count=len(self._unsent) + 1)
            return False
        return True

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
