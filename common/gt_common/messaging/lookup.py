"""Checks passively what exists on the broker, on as few channels as possible.

A channel that is not closed cannot be left half closed by a broker that answers late, and each answer that
is not asked for is time saved.
"""

from __future__ import annotations

from dataclasses import dataclass

from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from gt_common.messaging.connection import close_quietly, plain_errors
from gt_common.messaging.refusals import is_absent


@dataclass(frozen=True)
class QueueInfo:
    """State of a queue: ready messages and consumers; None if it is missing."""

    name: str
    messages: int | None
    consumers: int | None


class Lookup:
    """Looks for exchanges and queues on one connection."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self._channel: AbstractChannel | None = None

    async def channel(self) -> AbstractChannel:
        """Return an open channel; the broker closes it when something does not exist."""
        if self._channel is None or self._channel.is_closed:
            self._channel = await self._connection.channel()
        return self._channel

    async def aclose(self) -> None:
        """Close the channel; the connection stays open."""
        await close_quietly(self._channel)

    async def has_exchange(self, name: str) -> bool:
        """Whether an exchange exists.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError: it cannot be checked
        """
        with plain_errors(f"check the exchange {name}"):
            channel = await self.channel()
            try:
                await channel.get_exchange(name, ensure=True)
            except ChannelNotFoundEntity as error:
                if not is_absent(error):
                    raise
                return False
            return True

    async def queue(self, name: str) -> QueueInfo:
        """Return the state of a queue.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError: it cannot be checked
        """
        with plain_errors(f"inspect the queue {name}"):
            channel = await self.channel()
            try:
                queue = await channel.declare_queue(name, passive=True)
            except ChannelNotFoundEntity as error:
                if not is_absent(error):
                    raise
                return QueueInfo(name, None, None)
            result = queue.declaration_result
            return QueueInfo(name, result.message_count or 0, result.consumer_count or 0)
