"""Follows a batch live. Best effort: the ledger is authoritative."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, MalformedMessageError
from gt_common.log import get_logger
from gt_common.messages import Event, FleetEvent, UnknownEvent, decode_event
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import close_quietly, open_connection, plain_errors
from gt_common.messaging.names import Names
from gt_common.settings import Settings

log = get_logger("follow")

_LOST = b""
_FLEET_KEYS = ("fleet.paused", "fleet.resumed")
_TROUBLE = (BrokerUnreachableError, CredentialsRefusedError)
"""A restarting broker may refuse credentials for a moment before it accepts them."""


async def follow(
    settings: Settings, batch_id: str | None, on_loss: Callable[[str], None] = lambda _: None
) -> AsyncGenerator[Event | None, None]:
    """Yield a batch's events as they happen, without end; None whenever the connection is (re)opened.

    After a None the caller should read the ledger: events during an interruption are not repeated.
    Each connection has its own queue: a shared exclusive one would stay locked by a half-dead predecessor.

    Parameters:
        batch_id: None for the events of all batches
        on_loss: called with the reason whenever the connection is lost or cannot be opened again

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: at the first connection only
    """
    backoff = Backoff()
    connection = await open_connection(settings, _name(batch_id))
    while True:
        try:
            arrived = await _watch(connection, settings, batch_id)
            backoff.reset()
            yield None
            while (body := await arrived.get()) != _LOST:
                event = _decode(body, batch_id)
                if event is not None:
                    yield event
            on_loss("the connection to the broker was lost")
        except _TROUBLE as error:
            log.info("follow_interrupted", error=str(error))
            on_loss(str(error))
        finally:
            await close_quietly(connection)
        connection = await _reconnect(settings, batch_id, backoff, on_loss)


async def _watch(
    connection: AbstractConnection, settings: Settings, batch_id: str | None
) -> asyncio.Queue[bytes]:
    names = Names(settings.namespace)
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def keep(message: AbstractIncomingMessage) -> None:
        arrived.put_nowait(message.body)

    with plain_errors("follow the batch"):
        channel = await connection.channel()
        channel.close_callbacks.add(lambda *_: arrived.put_nowait(_LOST))
        queue = await channel.declare_queue(
            names.follow(uuid.uuid4().hex),
            exclusive=True,
            auto_delete=True,
            arguments={"x-max-length": 10_000, "x-overflow": "drop-head"},
        )
        for key in ("#",) if batch_id is None else (f"{batch_id}.#", *_FLEET_KEYS):
            await queue.bind(names.progress, key)
        await queue.consume(keep, no_ack=True)
    return arrived


def _name(batch_id: str | None) -> str:
    return f"gt follow {batch_id or 'all batches'}"


async def _reconnect(
    settings: Settings, batch_id: str | None, backoff: Backoff, on_loss: Callable[[str], None]
) -> AbstractConnection:
    while True:
        await backoff.wait()
        try:
            return await open_connection(settings, _name(batch_id))
        except _TROUBLE as error:
            log.info("follow_reconnect_failed", error=str(error))
            on_loss(str(error))


def _decode(body: bytes, batch_id: str | None) -> Event | None:
    try:
        event = decode_event(body)
    except MalformedMessageError as error:
        log.info("event_skipped", error=str(error))
        return None
    if isinstance(event, UnknownEvent):
        log.debug("unknown_event_skipped", type=event.type)
        return None
    return event if isinstance(event, FleetEvent) or batch_id in {None, event.batch_id} else None
