"""Telling all workers that a provider asked to be left alone; who starts later learns what still holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gt_common.log import get_logger
from gt_common.messages import Label, utc_now
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.rate_limits.starts import StartNotice
from gt_common.messaging.rate_limits.turns import READ_BACK_S, EchoNotice, TurnNotice
from gt_common.messaging.subscription import subscribe
from gt_common.settings import Settings

log = get_logger("limits")


class PauseNotice(BaseModel):
    """No worker may call the provider before this time; the machines' clocks must agree."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    type: Literal["pause"] = "pause"
    provider: Label
    until: AwareDatetime


Notice = PauseNotice | StartNotice | TurnNotice | EchoNotice

_NOTICES: TypeAdapter[Notice] = TypeAdapter(Annotated[Notice, Field(discriminator="type")])


def encode_notice(notice: PauseNotice | StartNotice) -> bytes:
    """Give the JSON body of a notice."""
    return notice.model_dump_json().encode()


def decode_notice(body: bytes) -> Notice | None:
    """Read a notice; None when it is none."""
    try:
        return _NOTICES.validate_json(body)
    except ValidationError as error:
        log.warning("notice_malformed", problems=error.error_count(), bytes=len(body))
        return None


@asynccontextmanager
async def follow_notices(
    settings: Settings, name: str, note: Callable[[Notice], None]
) -> AsyncIterator[None]:
    """Hear of every pause that may still hold, of the latest turns, and of all that follows, during a block.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: at the start only
    """
    acks: set[asyncio.Task[bool]] = set()

    def take(delivery: Delivery) -> None:
        notice = decode_notice(delivery.body)
        if notice is not None:
            note(notice)
        # An ack takes nothing out of a stream; it lets the next ones come.
        ack = asyncio.create_task(delivery.ack())
        acks.add(ack)
        ack.add_done_callback(acks.discard)

    since = utc_now() - timedelta(seconds=READ_BACK_S)
    arguments = {"x-stream-offset": since}
    async with subscribe(
        settings, Names(settings.namespace).pauses, 100, take, f"{name} pauses", arguments=arguments
    ):
        yield
