"""A worker's connection for rate limits: consumes tokens, stands for election, reconnects after a loss."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from aio_pika.abc import AbstractConnection

from gt_common.errors import BrokerUnreachableError, GossipToonError
from gt_common.log import get_logger
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import connect, plain_errors
from gt_common.messaging.names import Names
from gt_common.messaging.rate_limits.leader import issue_tokens, wait_until_elected
from gt_common.messaging.rate_limits.token_consumer import TokenConsumer
from gt_common.messaging.rate_limits.token_history import TokenHistory
from gt_common.settings import Settings

log = get_logger("limits")

HEARTBEAT_S = 5
"""The broker takes the lock from a frozen worker after twice this; stories use another connection."""


async def serve_tokens(
    settings: Settings,
    name: str,
    consumers: Collection[TokenConsumer],
    paused_s: Callable[[str], float],
    history: TokenHistory,
) -> None:
    """Consume tokens, and issue them while elected, until cancelled.

    Parameters:
        name: the worker's name, for the broker's list of connections
        consumers: one for each provider
        paused_s: returns the seconds for which a provider is paused
        history: what the stream tells of earlier leaders' tokens
    """
    settings = settings.model_copy(update={"heartbeat": min(HEARTBEAT_S, settings.heartbeat)})
    backoff = Backoff()
    while True:
        try:
            async with connect(settings, f"{name} (rate limits)") as connection:
                backoff.reset()
                # In a task of its own: in Python 3.11 a group that failed leaves its task marked as being
                # cancelled, which `is_own_cancellation` asks for.
                await asyncio.create_task(_serve(connection, settings, consumers, paused_s, history))
        except* GossipToonError as errors:
            log.warning("limits_interrupted", error=str(errors.exceptions[0]), tries=backoff.tries)
        await backoff.wait()


async def _serve(
    connection: AbstractConnection,
    settings: Settings,
    consumers: Collection[TokenConsumer],
    paused_s: Callable[[str], float],
    history: TokenHistory,
) -> None:
    """Run until the connection is lost; raise an exception group of what failed."""
    names = Names(settings.namespace)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_watch(connection))
        for consumer in consumers:
            tasks.create_task(consumer.run(connection, names))
        await wait_until_elected(connection, names)
        for rate in settings.rate_limits:
            tasks.create_task(issue_tokens(connection, names, rate, paused_s, history))


async def _watch(connection: AbstractConnection) -> None:
    """Wait until the connection is lost, then raise: a task that waits for a token would not notice."""
    lost = asyncio.Event()
    with plain_errors("keep the connection for rate limits"):
        channel = await connection.channel()
        channel.close_callbacks.add(lambda *_: lost.set())
        await lost.wait()
    raise BrokerUnreachableError("the connection was lost")
