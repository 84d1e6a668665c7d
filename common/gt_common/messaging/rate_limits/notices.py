"""Notices that workers publish for each other; a worker that starts later replays the last day of them.

They are kept in the stream `gt.pauses`. Its name, and the values of `type`, are what earlier releases use.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gt_common.log import get_logger
from gt_common.messages import Label, utc_now
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.subscription import subscribe
from gt_common.messaging.tasks import Tasks
from gt_common.settings import Settings

log = get_logger("limits")

REPLAYED_S: Final = 86400.0
"""Seconds of the stream that are replayed at the start; older notices are not read."""


class _Notice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1


class PauseNotice(_Notice):
    """No worker may call the provider before this time; the machines' clocks must agree."""

    type: Literal["pause"] = "pause"
    provider: Label
    until: AwareDatetime


class StartNotice(_Notice):
    """A worker starts this run of a story."""

    type: Literal["start"] = "start"
    run: Label


class TokenNotice(_Notice):
    """The leader is about to issue a token to the provider, and no other before this time."""

    type: Literal["turn"] = "turn"
    provider: Label
    next_at: AwareDatetime


class BarrierNotice(_Notice):
    """A new leader's mark: once it has read this back, it knows everything published before."""

    type: Literal["echo"] = "echo"
    id: Label


Notice = PauseNotice | StartNotice | TokenNotice | BarrierNotice

_NOTICES: TypeAdapter[Notice] = TypeAdapter(Annotated[Notice, Field(discriminator="type")])


def encode_notice(notice: Notice) -> bytes:
    """Encode a notice as the JSON body of a message."""
    return notice.model_dump_json().encode()


def decode_notice(body: bytes) -> Notice | None:
    """Decode the body of a message; None, with a warning, if it is not a notice."""
    try:
        return _NOTICES.validate_json(body)
    except ValidationError as error:
        log.warning("notice_rejected", problems=error.error_count(), bytes=len(body))
        return None


@asynccontextmanager
async def follow_notices(
    settings: Settings, name: str, handle: Callable[[Notice], None]
) -> AsyncIterator[None]:
    """Handle the notices of the last day, then each new one, for the time of a block.

    Parameters:
        name: the worker's name, for the broker's list of connections

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: at the start only
    """
    acks = Tasks()

    def receive(delivery: Delivery) -> None:
        notice = decode_notice(delivery.body)
        if notice is not None:
            handle(notice)
        # An ack removes nothing from a stream; it makes room for further deliveries.
        acks.spawn(delivery.ack())

    stream = Names(settings.namespace).pauses
    offset = {"x-stream-offset": utc_now() - timedelta(seconds=REPLAYED_S)}
    async with subscribe(settings, stream, 100, receive, f"{name} pauses", arguments=offset):
        yield
