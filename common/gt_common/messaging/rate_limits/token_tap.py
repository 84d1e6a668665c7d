"""Taking tokens: one that arrives allows one call to a provider, by whoever has waited longest here.

A token must be used when it was given out, or the calls of a worker that was frozen or cut off would come
together with those of the others. So while it waits, the worker asks the broker for a sign of life every few
moments, on the channel of the tokens: what arrives after the answer was sent after the question.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from gt_common.log import get_logger
from gt_common.messaging.connection import BROKER_ERRORS, honest_losses, plain_errors
from gt_common.messaging.names import Names
from gt_common.rates import Rate

log = get_logger("limits")

LEAST_PATIENCE_S = 60.0


class TokenTap:
    """The tokens of one provider for one worker; consumes only while somebody waits.

    Parameters:
        paused_s: gives the seconds for which a provider is paused; tokens that come meanwhile are not used
        clock: the time in seconds; tests give their own
    """

    def __init__(
        self, rate: Rate, paused_s: Callable[[str], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._paused_s = paused_s
        self._clock = clock
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._wanted = asyncio.Event()
        self._served = asyncio.Event()
        self._alive_at = float("-inf")
        self._latest = clock()
        self._patience_s = max(LEAST_PATIENCE_S, 20 * rate.interval_s)

    async def take(self) -> None:
        """Wait for a token; who waits longest gets the next one. Without tokens it waits on, and says so."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._waiters:
            self._latest = self._clock()
        self._waiters.append(waiter)
        self._note_waiters()
        try:
            while not waiter.done():
                await asyncio.wait({waiter}, timeout=self._patience_s)
                self._complain()
        finally:
            waiter.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                self._note_waiters()

    async def run(self, connection: AbstractConnection, names: Names) -> None:
        """Serve those who wait, on this connection, until it is lost.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError: the queue cannot be read (any more)
        """
        with plain_errors(f"take tokens of {self._rate.provider}"):
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=1)
            queue = await channel.get_queue(names.token_queue(self._rate.provider), ensure=False)
            while True:
                await self._wanted.wait()
                asked = self._clock()
                tag = await queue.consume(self._on_token)
                self._alive_at = asked
                await self._stay_alive(channel)
                await queue.cancel(tag)

    async def _stay_alive(self, channel: AbstractChannel) -> None:
        """Keep knowing how old what arrives can be at most, until nobody waits any more."""
        while self._waiters:
            # A fifth of the margin leaves room for a slow answer: half of it makes a token too old.
            # Not `wait_for`, which in Python 3.11 may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._rate.margin_s / 5):
                    await self._served.wait()
            asked = self._clock()
            await channel.set_qos(prefetch_count=1)
            self._alive_at = asked

    async def _on_token(self, message: AbstractIncomingMessage) -> None:
        age = self._clock() - self._alive_at
        if message.redelivered or age > self._rate.margin_s / 2:
            log.info("token_too_old", provider=self._rate.provider, seconds=round(age, 3))
        elif not self._paused_s(self._rate.provider):
            self._grant()
        try:
            with honest_losses():
                await message.ack()
        except BROKER_ERRORS as error:
            log.debug("token_not_acked", problem=str(error))

    def _grant(self) -> None:
        self._latest = self._clock()
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break
        self._note_waiters()

    def _note_waiters(self) -> None:
        wanted, unwanted = self._wanted, self._served
        if not self._waiters:
            wanted, unwanted = unwanted, wanted
        wanted.set()
        unwanted.clear()

    def _complain(self) -> None:
        seconds = self._clock() - self._latest
        if seconds >= self._patience_s and not self._paused_s(self._rate.provider):
            self._latest = self._clock()
            log.warning(
                "no_token",
                provider=self._rate.provider,
                message=f"no token came for {seconds:.0f} s; the runs wait on. Is the broker well, and has a "
                "worker with this limit in GT_RATE_LIMITS been elected (log line metronome_elected)?",
            )
