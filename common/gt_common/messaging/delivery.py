"""One delivery: its body, headers, the broker's facts about it, and its ack."""

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
from gt_common.messaging.dead_letters import deaths

log = get_logger("messaging")


class Delivery:
    """One delivered message.

    Parameters:
        body: as received
        headers: as received
        delivery_count: how often it was delivered before and not settled
        content_type: as set by its publisher, if at all
        via: the exchange that it was published to; set by the broker, so it cannot be forged
        died_of: why the broker itself dead-lettered it (`delivery_limit`, `expired` …), if it did
        settled: whether it was acked
        died_at: when it did; for other messages the time of publishing or, if unknown, of delivery
    """

    def __init__(self, message: AbstractIncomingMessage) -> None:
        self._message = message
        self.settled = False
        self.body: bytes = message.body
        self.headers: Mapping[str, object] = message.headers
        self.content_type: str | None = message.content_type
        self.via: str = message.exchange or ""
        self.redelivered = bool(message.redelivered)
        self.delivery_count = _count(message.headers.get("x-delivery-count"), redelivered=self.redelivered)
        death = next(iter(deaths(message.headers)), {})
        reason, time = death.get("reason"), death.get("time")
        self.died_of = reason if isinstance(reason, str) else None
        when = time if isinstance(time, datetime) else message.timestamp
        self.died_at = when.replace(tzinfo=when.tzinfo or UTC) if isinstance(when, datetime) else utc_now()

    @property
    def lost(self) -> bool:
        """Whether its channel is gone, so that it cannot be settled and the broker redelivers it."""
        try:
            return self._message.channel.is_closed
        except ChannelInvalidStateError:
            return True

    async def ack(self) -> bool:
        """Ack the delivery; return False if its channel is gone, so that the broker redelivers it.

        True is not a proof: a dead connection may not have been detected yet.
        """
        try:
            with honest_losses():
                await self._message.ack()
        except BROKER_ERRORS as error:
            log.info("ack_failed", error=str(error))
            return False
        self.settled = True
        return True


def _count(header: object, *, redelivered: bool) -> int:
    if not redelivered:
        return 0  # whatever the header says: RabbitMQ 4 passes on one that the publisher made up
    return header if isinstance(header, int) and header >= 1 else 1
