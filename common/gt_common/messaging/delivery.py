"""One delivery: its body, headers, the broker's facts about it, and its ack."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Self

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from gt_common.log import get_logger
from gt_common.messaging.acks import Acks
from gt_common.messaging.dead_letters import deaths
from gt_common.messaging.tap import Arrived

log = get_logger("messaging")


class Delivery:
    """One delivered message.

    Parameters:
        acks: of its channel
        body: as received
        via: the exchange that it was published to; set by the broker, so it cannot be forged
        settled: whether it was acked
    """

    def __init__(self, arrived: Arrived, acks: Acks) -> None:
        self._acks = acks
        self._arrived = arrived
        self._at = time.time()
        self.settled = False
        self.body: bytes = arrived.body
        self.via: str = arrived.exchange
        self.redelivered = arrived.redelivered

    @classmethod
    def of(cls, message: DeliveredMessage, acks: Acks) -> Self:
        """Return the delivery of a message that the client library has delivered."""
        properties, body = message.header.properties, message.body
        tag, redelivered = message.delivery_tag or 0, bool(message.redelivered)
        return cls(Arrived(tag, redelivered, message.exchange or "", b"", body, properties), acks)

    @cached_property
    def _properties(self) -> Basic.Properties:
        return self._arrived.properties()

    @cached_property
    def headers(self) -> Mapping[str, object]:
        """The headers as received."""
        return self._properties.headers or {}

    @cached_property
    def content_type(self) -> str | None:
        """The type as set by its publisher, if at all."""
        return self._properties.content_type

    @cached_property
    def delivery_count(self) -> int:
        """How often it was delivered before and not settled."""
        # Without a redelivery it is 0 whatever the header says: RabbitMQ 4 passes on one that the publisher
        # made up.
        return _count(self.headers.get("x-delivery-count")) if self.redelivered else 0

    @property
    def died_of(self) -> str | None:
        """Why the broker itself dead-lettered it (`delivery_limit`, `expired` …), if it did."""
        reason = self._death.get("reason")
        return reason if isinstance(reason, str) else None

    @property
    def died_at(self) -> datetime:
        """When it did; for other messages the time of publishing or, if unknown, of delivery."""
        time_ = self._death.get("time")
        when = time_ if isinstance(time_, datetime) else self._properties.timestamp
        if isinstance(when, datetime):
            return when.replace(tzinfo=when.tzinfo or UTC)
        return datetime.fromtimestamp(self._at, UTC)

    @cached_property
    def _death(self) -> Mapping[str, object]:
        return next(iter(deaths(self.headers)), {})

    @property
    def channel(self) -> Hashable:
        """What tells deliveries of different channels apart."""
        return self._acks.channel

    @property
    def lost(self) -> bool:
        """Whether its channel is gone, so that it cannot be settled and the broker redelivers it."""
        return self._acks.channel.is_closed

    async def ack(self, *, with_earlier: bool = False) -> bool:
        """Ack the delivery; return False if its channel is gone, so that the broker redelivers it.

        True is not a proof: a dead connection may not have been detected yet.

        Parameters:
            with_earlier: ack also all unsettled deliveries that came before it on its channel
        """
        if not await self._acks.send(self._arrived.tag, with_earlier=with_earlier):
            log.info("ack_failed", error="the channel is closed")
            return False
        self.settled = True
        return True


async def ack_together(group: Sequence[Delivery]) -> bool:
    """Ack consecutive deliveries of one channel, before which none is unsettled, by one ack.

    Returns:
        False if their channel is gone, so that the broker redelivers them
    """
    if not await group[-1].ack(with_earlier=True):
        return False
    for delivery in group:
        delivery.settled = True
    return True


def _count(header: object) -> int:
    return header if isinstance(header, int) and header >= 1 else 1
