"""Decode deliveries of the ledger's queue into events."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from gt_common.errors import (
    MalformedMessageError,
)
from gt_common.messages import Event, UnknownEvent, decode_event, decode_story
from gt_common.messaging.dead_letters import (
    Dead,
    failed_event_of,
    put_aside_event,
    read_dead_letter,
)
from gt_common.messaging.names import is_dlx


class LedgerDelivery(Dead, Protocol):
    """What the aggregator needs of a delivery; gt_common.messaging.delivery.Delivery provides it."""

    @property
    def via(self) -> str:
        """The exchange that it was published to."""
        ...

    @property
    def lost(self) -> bool:
        """Whether it can no longer be acked, because its channel is closed."""
        ...

    @property
    def channel(self) -> Hashable:
        """What tells deliveries of different channels apart."""
        ...

    async def ack(self, *, with_earlier: bool = False) -> bool:
        """Ack it, or all that came on its channel up to it; return whether that was possible."""
        ...


@dataclass
class Decoded:
    """A delivery with its event, or with the problem that makes it unreadable.

    Parameters:
        event: None if it is unreadable, or a foreign message that does not name a story
    """

    delivery: LedgerDelivery
    event: Event | UnknownEvent | None = None
    problem: str = ""


def decode(delivery: LedgerDelivery) -> Decoded:
    """Decode a delivery: a result event, or a dead letter from a worker or the broker."""
    if is_dlx(delivery.via):
        return _read_dead(delivery)
    try:
        return Decoded(delivery, decode_event(delivery.body))
    except MalformedMessageError as error:
        return Decoded(delivery, problem=str(error))


def _read_dead(delivery: LedgerDelivery) -> Decoded:
    """Decode a copy of a dead letter; it is never rejected, because the dead-letter queue has it already."""
    try:
        story = decode_story(delivery.body)
    except MalformedMessageError:
        story = None
    if story is not None and (story.died_at is not None or delivery.died_of is not None):
        return _read_letter(delivery)
    return Decoded(delivery, put_aside_event(delivery))


def _read_letter(delivery: LedgerDelivery) -> Decoded:
    try:
        return Decoded(delivery, failed_event_of(read_dead_letter(delivery)))
    except (ValueError, LookupError):
        # Each field of a letter can be valid and the whole still be wrong.
        problem = "malformed dead letter: it has no error, or impossible times"
        return Decoded(delivery, put_aside_event(delivery, problem))
