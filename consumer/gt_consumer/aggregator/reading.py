"""What a delivery of the ledger's queues says, before it is taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gt_common.errors import (
    MalformedMessageError,
)
from gt_common.messages import Event, StoryFailed, StoryMessage, decode_event, decode_story
from gt_common.messaging.dead_letters import (
    Dead,
    failed_event_of,
    put_aside_event,
    read_dead_letter,
)
from gt_common.messaging.names import is_dlx


class Arrival(Dead, Protocol):
    """What the aggregator needs of a delivery; gt_common.messaging.delivery.Delivery is one."""

    @property
    def via(self) -> str:
        """The exchange through which it came."""
        ...

    @property
    def lost(self) -> bool:
        """Whether it cannot be settled any more, because its channel is gone."""
        ...

    async def ack(self) -> bool:
        """Settle it."""
        ...


@dataclass
class Reading:
    """A delivery and what it says: an event, or the problem with it; `news` is for those who watch."""

    arrival: Arrival
    event: Event | None = None
    problem: str = ""
    news: StoryFailed | None = None


def read(arrival: Arrival) -> Reading:
    """Read a delivery: a result event, or a dead letter, which a worker wrote or the broker made."""
    if is_dlx(arrival.via):
        return _read_dead(arrival)
    try:
        return Reading(arrival, decode_event(arrival.body))
    except MalformedMessageError as error:
        return Reading(arrival, problem=str(error))


def _read_dead(arrival: Arrival) -> Reading:
    """Read what the dead-letter queue holds too, so that nothing of it is put aside a second time."""
    try:
        story = decode_story(arrival.body)
    except MalformedMessageError:
        story = None
    if story is not None and (story.died_at is not None or arrival.died_of is not None):
        return _read_letter(arrival, story)
    failed = put_aside_event(arrival)
    return Reading(arrival, failed, news=failed)


def _read_letter(arrival: Arrival, story: StoryMessage) -> Reading:
    of_worker = story.died_at is not None
    try:
        failed = failed_event_of(read_dead_letter(arrival))
    except (ValueError, LookupError):
        # A letter can be right in each field and wrong as a whole.
        problem = "malformed dead letter: no error in it, or times that cannot be"
        aside = put_aside_event(arrival, problem)
        return Reading(arrival, aside, news=aside)
    # A worker tells its own dead letters to those who watch; for the broker's nobody else does.
    return Reading(arrival, failed, news=None if of_worker else failed)
