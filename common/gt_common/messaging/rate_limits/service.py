"""A worker's connection for rate limits: takes tokens, stands for election, comes back after a loss."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from aio_pika.abc import AbstractConnection

from gt_common.errors import BrokerUnreachableError, GossipToonError
from gt_common.log import get_logger
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import connect, plain_errors
from gt_common.messaging.names import Names
from gt_common.messaging.rate_limits.metronome import give_tokens
from gt_common.messaging.rate_limits.together import together
from gt_common.messaging.rate_limits.token_tap import TokenTap
from gt_common.messaging.rate_limits.turns import TurnMemory
from gt_common.settings import Settings

log = get_logger("limits")

HEARTBEAT_S = 5
"""The broker takes the lock from a frozen worker after twice this; stories live on another connection."""


async def serve_tokens(
    settings: Settings,
    name: str,
    taps: Iterable[TokenTap],
    paused_s: Callable[[str], float],
    memory: TurnMemory,
) -> None:
    """Serve those who wait for tokens, and give out tokens while elected, until cancelled.

    Parameters:
        paused_s: gives the seconds for which a provider is paused
        memory: what the stream told of turns
    """
    patient = settings.model_copy(update={"heartbeat": min(HEARTBEAT_S, settings.heartbeat)})
    taps = tuple(taps)
    backoff = Backoff()
    while True:
        try:
            async with connect(patient, f"{name} (rate limits)") as connection:
                backoff.reset()
                await _serve(connection, settings, taps, paused_s, memory)
        except GossipToonError as error:
            log.warning("limits_interrupted", problem=str(error), tries=backoff.tries)
        await backoff.wait()


async def _serve(
    connection: AbstractConnection,
    settings: Settings,
    taps: tuple[TokenTap, ...],
    paused_s: Callable[[str], float],
    memory: TurnMemory,
) -> None:
    names = Names(settings.namespace)
    works = [_watch(connection), give_tokens(connection, names, settings.rate_limits, paused_s, memory)]
    await together([*works, *(tap.run(connection, names) for tap in taps)])


async def _watch(connection: AbstractConnection) -> None:
    """Wait until a connection is lost, then raise: what waits for a token would not notice."""
    lost = asyncio.Event()
    with plain_errors("keep the connection for rate limits"):
        channel = await connection.channel()
        channel.close_callbacks.add(lambda *_: lost.set())
        await lost.wait()
    raise BrokerUnreachableError("the connection was lost")
