"""The leader: the one worker of the fleet that issues tokens, one per interval, while somebody waits.

The broker elects it: only one connection can declare an exclusive queue, and the broker deletes the queue
with that connection. Tokens are published on the same connection, so a worker that lost the election can no
longer issue any, however late it learns of its loss.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelLockedResource

from gt_common.log import get_logger
from gt_common.messaging.connection import plain_errors
from gt_common.messaging.names import Names
from gt_common.messaging.rate_limits.notices import Notice, encode_notice
from gt_common.messaging.rate_limits.token_history import TokenHistory, record_token
from gt_common.rates import Rate

log = get_logger("limits")

_CANDIDACY_S = 0.5
_POLL_S = (0.05, 0.25)
"""The shortest and the longest time between two checks whether anybody waits."""


async def wait_until_elected(connection: AbstractConnection, names: Names) -> None:
    """Wait until this connection holds the lock; it then leads until the connection ends.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the connection was lost, or the user lacks the right
    """
    with plain_errors(f"take the lock {names.metronome}"):
        while True:
            channel = await connection.channel()
            try:
                await channel.declare_queue(names.metronome, exclusive=True)
            except ChannelLockedResource:
                await asyncio.sleep(_CANDIDACY_S * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            else:
                log.info("leader_elected")
                return


async def issue_tokens(
    connection: AbstractConnection,
    names: Names,
    rate: Rate,
    paused_s: Callable[[str], float],
    history: TokenHistory,
) -> None:
    """Issue the tokens of one provider until the connection is lost.

    Parameters:
        connection: holds the lock
        paused_s: returns the seconds for which a provider is paused; it gets no tokens meanwhile
        history: what earlier leaders issued

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the connection was lost, or the user lacks the right
    """
    queue = names.token_queue(rate.provider)
    with plain_errors(f"issue tokens to {queue}"):
        channel = await connection.channel(publisher_confirms=True)
        tokens = await channel.get_exchange(names.tokens, ensure=False)
        stream = await channel.get_exchange(names.pauses, ensure=False)

        async def publish(notice: Notice) -> None:
            body = encode_notice(notice)
            await stream.publish(aio_pika.Message(body, content_type="application/json"), "")

        # The leader before this one may have issued a token just before it lost the lock.
        await history.wait_until_due(rate, publish)
        poll_s = min(_POLL_S[1], max(_POLL_S[0], rate.interval_s / 4))
        while True:
            if paused_s(rate.provider) or not await _has_consumers(channel, queue):
                await asyncio.sleep(poll_s)
                continue
            await record_token(rate, publish)
            await tokens.publish(aio_pika.Message(b""), rate.provider)
            # Counted from the broker's confirm: after a stall the leader does not catch up.
            await asyncio.sleep(rate.interval_s)


async def _has_consumers(channel: AbstractChannel, name: str) -> bool:
    queue = await channel.declare_queue(name, passive=True)
    return bool(queue.declaration_result.consumer_count)
