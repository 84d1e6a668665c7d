"""Consuming tokens: each one allows one call to a provider, for whichever run has waited longest here.

A token must be used when it is issued: a worker that was frozen or disconnected and uses it later would call
in addition to the others. While runs wait, the worker therefore sends the broker a request every few moments
on the channel of the tokens. The broker answers in order: a token that arrives after the answer was sent
after the request. That limits the age of a token without comparing clocks.
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

_SHORTEST_PATIENCE_S = 60.0


class TokenConsumer:
    """The tokens of one provider for one worker; consumes only while a run waits.

    Parameters:
        paused_s: returns the seconds for which a provider is paused; tokens that come meanwhile are not used
        clock: returns the time in seconds; tests pass their own
    """

    def __init__(
        self, rate: Rate, paused_s: Callable[[str], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._paused_s = paused_s
        self._clock = clock
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._wanted = asyncio.Event()
        self._idle = asyncio.Event()
        self._sent_after = float("-inf")
        self._latest = clock()
        self._patience_s = max(_SHORTEST_PATIENCE_S, 20 * rate.interval_s)

    async def acquire(self) -> None:
        """Wait for a token, first come, first served; warn when none has come for long."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._waiters:
            self._latest = self._clock()
        self._waiters.append(waiter)
        self._update_demand()
        try:
            while not waiter.done():
                await asyncio.wait({waiter}, timeout=self._patience_s)
                self._warn_if_none_came()
        finally:
            waiter.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                self._update_demand()

    async def run(self, connection: AbstractConnection, names: Names) -> None:
        """Consume tokens for those who wait, until the connection is lost.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError: the connection was lost, or the user lacks the
                right to read the queue
        """
        with plain_errors(f"consume tokens for {self._rate.provider}"):
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=1)
            queue = await channel.get_queue(names.token_queue(self._rate.provider), ensure=False)
            while True:
                await self._wanted.wait()
                requested = self._clock()
                tag = await queue.consume(self._on_token)
                self._sent_after = requested
                await self._probe_until_idle(channel)
                await queue.cancel(tag)

    async def _probe_until_idle(self, channel: AbstractChannel) -> None:
        """Keep the bound on the age of tokens up to date while runs wait."""
        while self._waiters:
            # A fifth of the margin leaves time for a slow answer: half of the margin makes a token too old.
            # Not `wait_for`, which in Python 3.11 may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._rate.margin_s / 5):
                    await self._idle.wait()
            requested = self._clock()
            await channel.set_qos(prefetch_count=1)
            self._sent_after = requested

    async def _on_token(self, message: AbstractIncomingMessage) -> None:
        age = self._clock() - self._sent_after
        if message.redelivered or age > self._rate.margin_s / 2:
            log.info("token_expired", provider=self._rate.provider, seconds=round(age, 3))
        elif not self._paused_s(self._rate.provider):
            self._grant()
        try:
            with honest_losses():
                await message.ack()
        except BROKER_ERRORS as error:
            log.debug("token_ack_failed", error=str(error))

    def _grant(self) -> None:
        self._latest = self._clock()
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break
        self._update_demand()

    def _update_demand(self) -> None:
        true, false = (self._wanted, self._idle) if self._waiters else (self._idle, self._wanted)
        true.set()
        false.clear()

    def _warn_if_none_came(self) -> None:
        seconds = self._clock() - self._latest
        if seconds >= self._patience_s and not self._paused_s(self._rate.provider):
            self._latest = self._clock()
            log.warning(
                "token_missed",
                provider=self._rate.provider,
                hint=f"no token for {seconds:.0f} s; runs keep waiting. Check that the broker is up, and "
                "that an elected worker (log line leader_elected) has this limit in its GT_RATE_LIMITS.",
            )
