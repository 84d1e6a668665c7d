"""Reads a queue without removing anything from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from gt_common.errors import TopologyError
from gt_common.log import get_logger
from gt_common.messaging.connection import (
    close_quietly,
    open_connection,
    plain_errors,
)
from gt_common.messaging.delivery import Delivery
from gt_common.settings import Settings

log = get_logger("messaging")

MOST_HELD = 65_535
"""The broker's maximum prefetch."""


FIRST_S = 5.0
"""How long to wait for the first message from a busy broker, in seconds."""


@asynccontextmanager
async def browse(settings: Settings, queue: str, name: str) -> AsyncIterator[list[Delivery]]:
    """Hold all messages that are ready in a queue; unsettled ones return in order after the block.

    Uses one consumer with the queue's depth as prefetch, because `get` and `nack` would change the order.
    """
    connection = await open_connection(settings, name)
    try:
        yield await _collect(connection, queue)
    finally:
        await close_quietly(connection)


async def _collect(connection: AbstractConnection, name: str, idle_s: float = 2.0) -> list[Delivery]:
    with plain_errors(f"read the queue {name}"):
        channel = await connection.channel()
        try:
            queue = await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity:
            raise TopologyError(f"the queue {name} is missing; run `gt-topology declare`") from None
        ready = queue.declaration_result.message_count or 0
        depth = min(ready, MOST_HELD)
        if not depth:
            return []
        if ready > depth:
            log.warning("browse_truncated", queue=name, shown=depth, hidden=ready - depth)
        await channel.set_qos(prefetch_count=depth)
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        tag = await queue.consume(arrived.put)
        found: list[Delivery] = []
        while len(found) < depth:
            try:
                async with asyncio.timeout(idle_s if found else FIRST_S):
                    found.append(Delivery(await arrived.get()))
            except TimeoutError:
                break
        await queue.cancel(tag)
        while not arrived.empty():
            found.append(Delivery(arrived.get_nowait()))
        return found
