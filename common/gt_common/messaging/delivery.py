"""One delivery: its body, headers and what the broker says of it, and its ack."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelInvalidStateError

from gt_common.log import get_logger
from gt_common.messages import utc_now
from gt_common.messaging.connection import (
    BROKER_ERRORS,
    honest_losses,
)

log = get_logger("messaging")


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
            log.info("ack_failed", error=str(error))
            return False
        return True


def _count(header: object, *, redelivered: bool) -> int:
    if not redelivered:
        return 0  # whatever the header says: RabbitMQ 4 shows one that the publisher made up
    return header if isinstance(header, int) and header >= 1 else 1


def _death(headers: Mapping[str, object]) -> Mapping[str, object]:
    """Give the latest of the broker's own records of why it dead-lettered a message."""
    deaths = headers.get("x-death")
    found = deaths[0] if isinstance(deaths, list) and deaths else None
    return found if isinstance(found, dict) else {}
