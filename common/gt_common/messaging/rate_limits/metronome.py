"""Giving out tokens: one worker of the fleet is elected, and gives one per interval to whoever waits.

The lock is an exclusive queue, which the broker takes away with the connection that declared it. Tokens go
over that same connection: whoever lost the lock cannot give out a token any more, however late it learns it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelLockedResource

from gt_common.log import get_logger
from gt_common.messaging.connection import plain_errors
from gt_common.messaging.names import Names
from gt_common.messaging.rate_limits.together import together
from gt_common.messaging.rate_limits.turns import TurnMemory, note_turn
from gt_common.rates import Rate

log = get_logger("limits")

CANDIDATE_S = 0.5
LOOK_S = (0.05, 0.25)
"""Between two looks whether anybody waits: at least, and at most."""


async def give_tokens(
    connection: AbstractConnection,
    names: Names,
    rates: Iterable[Rate],
    paused_s: Callable[[str], float],
    memory: TurnMemory,
) -> None:
    """Wait to be elected, then give out tokens until the connection is lost.

    Parameters:
        paused_s: gives the seconds for which a provider is paused; it gets no tokens meanwhile
        memory: when the metronomes before this one gave their last tokens

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: it was lost, or the user may not
    """
    await _be_elected(connection, names)
    await together(_give(connection, names, rate, paused_s, memory) for rate in rates)


async def _be_elected(connection: AbstractConnection, names: Names) -> None:
    with plain_errors(f"take the lock {names.metronome}"):
        while True:
            channel = await connection.channel()
            try:
                await channel.declare_queue(names.metronome, exclusive=True)
            except ChannelLockedResource:
                await asyncio.sleep(CANDIDATE_S * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            else:
                log.info("metronome_elected")
                return


async def _give(
    connection: AbstractConnection,
    names: Names,
    rate: Rate,
    paused_s: Callable[[str], float],
    memory: TurnMemory,
) -> None:
    queue = names.token_queue(rate.provider)
    look_s = min(LOOK_S[1], max(LOOK_S[0], rate.interval_s / 4))
    with plain_errors(f"give tokens to {queue}"):
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(names.tokens, ensure=False)
        stream = await channel.get_exchange(names.pauses, ensure=False)

        async def publish(notice: bytes) -> None:
            await stream.publish(aio_pika.Message(notice, content_type="application/json"), "")

        # Another metronome may have given a token just before it lost the lock.
        await memory.first_turn(rate, publish)
        while True:
            while True:
                if not paused_s(rate.provider) and await _somebody_waits(channel, queue):
                    break
                await asyncio.sleep(look_s)
            await note_turn(rate, publish)
            await exchange.publish(aio_pika.Message(b""), rate.provider)
            # Counted from the broker's confirm, so that a stall is never made up for.
            await asyncio.sleep(rate.interval_s)


async def _somebody_waits(channel: AbstractChannel, name: str) -> bool:
    queue = await channel.declare_queue(name, passive=True)
    return bool(queue.declaration_result.consumer_count)
