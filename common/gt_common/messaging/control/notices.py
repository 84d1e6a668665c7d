"""What an operator orders: a cancel names its stories, a pause or its end the batch or the whole fleet.

They are kept in the stream `gt.control` without a limit of age: a worker that starts later knows them, too.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gt_common.log import get_logger
from gt_common.messages import (
    BatchHold,
    BatchPaused,
    FleetHold,
    FleetPaused,
    Identifier,
    Label,
    Ordinal,
    Reason,
)

log = get_logger("control")

CANCELLED_AT_ONCE: Final = 2000
"""Most stories in one notice; more are split over several."""


class _Order(BaseModel):
    """An operator's order: who gave it, when and why."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    at: AwareDatetime
    by: Label
    reason: Reason | None = None


class CancelNotice(_Order):
    """These stories are cancelled, each in one generation; a later one is not.

    Parameters:
        stories: pairs of story id and generation
        running: whether attempts that run now are stopped, or may finish
    """

    type: Literal["cancel"] = "cancel"
    batch_id: Identifier
    stories: Annotated[tuple[tuple[Identifier, Ordinal], ...], Field(max_length=CANCELLED_AT_ONCE)]
    running: Literal["stop", "finish"] = "stop"


class HoldNotice(_Order):
    """A batch, or without one the whole fleet, is paused: no story of it starts.

    Parameters:
        revision: 1 + the revision of the last hold or release of the same batch; the greatest one counts
    """

    type: Literal["hold"] = "hold"
    batch_id: Identifier | None = None
    revision: Ordinal = 1


class ReleaseNotice(_Order):
    """The pause of a batch, or of the whole fleet, is over; `revision` as in a hold."""

    type: Literal["release"] = "release"
    batch_id: Identifier | None = None
    revision: Ordinal = 1


ControlOrder = CancelNotice | HoldNotice | ReleaseNotice

_ORDERS: TypeAdapter[ControlOrder] = TypeAdapter(Annotated[ControlOrder, Field(discriminator="type")])


def notice_of(event: BatchHold | FleetHold) -> HoldNotice | ReleaseNotice:
    """Return the order that pauses or resumes what an event says."""
    kind = HoldNotice if isinstance(event, BatchPaused | FleetPaused) else ReleaseNotice
    batch_id = event.batch_id if isinstance(event, BatchHold) else None
    return kind(batch_id=batch_id, at=event.at, by=event.by, reason=event.reason, revision=event.revision)


def encode_control(order: ControlOrder) -> bytes:
    """Encode an order as the JSON body of a message."""
    return order.model_dump_json(exclude_none=True).encode()


def decode_control(body: bytes) -> ControlOrder | None:
    """Decode the body of a message; None, with a warning, if it is not an order that this version knows."""
    try:
        return _ORDERS.validate_json(body)
    except ValidationError as error:
        log.warning("control_notice_rejected", problems=error.error_count(), bytes=len(body))
        return None
