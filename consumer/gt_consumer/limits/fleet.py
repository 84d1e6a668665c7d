"""The limits of a fleet: all workers on all machines share them through the broker alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from gt_common.errors import GossipToonError
from gt_common.log import get_logger
from gt_common.messages import StoryMessage
from gt_common.messaging.presence.beats import ProviderWait
from gt_common.messaging.rate_limits.notices import Notice, PauseNotice, StartNotice, follow_notices
from gt_common.messaging.rate_limits.service import serve_tokens
from gt_common.messaging.rate_limits.token_consumer import TokenConsumer
from gt_common.messaging.rate_limits.token_history import TokenHistory
from gt_common.settings import Settings
from gt_consumer.limits.pauses import Pauses
from gt_consumer.limits.run_starts import RunStarts, run_key

log = get_logger("limits")

_PUBLISH_S = 5.0
_LONGEST_NAP_S = 1.0


class NoticePublisher(Protocol):
    """The part of a publisher that the limiter needs."""

    async def notice(self, notice: PauseNotice | StartNotice) -> None: ...


class FleetLimiter:
    """Uses up one token per call; the elected leader of the fleet issues them.

    Parameters:
        publisher: publishes pauses and starts to the other workers
    """

    def __init__(self, settings: Settings, publisher: NoticePublisher) -> None:
        self._publisher = publisher
        self._pauses = Pauses()
        self._starts = RunStarts()
        self._waiting: Counter[str] = Counter()
        self.history = TokenHistory()
        self.consumers = {rate.provider: TokenConsumer(rate, self.paused_s) for rate in settings.rate_limits}

    async def acquire(self, provider: str) -> None:
        """Wait until one call to the provider is allowed in the whole fleet."""
        self._waiting[provider] += 1
        try:
            await self._acquire(provider)
        finally:
            self._waiting[provider] -= 1

    def waits(self) -> list[ProviderWait]:
        """Return the providers that are paused or for which runs of this worker wait, by name."""
        until = self._pauses.until()
        waiting = {provider for provider, runs in self._waiting.items() if runs}
        return [
            ProviderWait(provider=provider[:200], until=until.get(provider), runs=self._waiting[provider])
            for provider in sorted(waiting | {*until})
            if provider
        ]

    async def _acquire(self, provider: str) -> None:
        while True:
            if left_s := self.paused_s(provider):
                await asyncio.sleep(min(left_s, _LONGEST_NAP_S))
                continue
            if provider not in self.consumers:
                return
            await self.consumers[provider].acquire()
            if not self.paused_s(provider):
                return

    async def pause(self, provider: str, until: datetime) -> None:
        """Allow no calls before this time: here at once, elsewhere as soon as the notice arrives.

        Best effort for the other workers: one that misses the notice is refused by the provider itself.
        """
        notice = PauseNotice(provider=provider, until=until)
        self.handle(notice)
        await self._publish(notice)

    async def record_start(self, story: StoryMessage) -> None:
        """Publish that a story starts: from now on losing its worker uses up an attempt.

        Best effort: a start that nobody hears of uses up none; the broker's delivery limit still applies.
        """
        await self._publish(StartNotice(run=run_key(story)))

    def count_starts(self, story: StoryMessage) -> int:
        """Return how often any worker started the run that a message asks for."""
        return self._starts.count(run_key(story))

    def paused_s(self, provider: str) -> float:
        """Return the seconds for which a provider is still paused; 0 if it is not."""
        return self._pauses.left_s(provider)

    def handle(self, notice: Notice) -> None:
        """Handle a notice from this worker or from the stream."""
        match notice:
            case PauseNotice():
                self._add_pause(notice)
            case StartNotice():
                self._starts.add(notice)
            case _:
                self.history.add(notice)

    def _add_pause(self, notice: PauseNotice) -> None:
        known_s = self.paused_s(notice.provider)
        self._pauses.add(notice.provider, notice.until)
        if self.paused_s(notice.provider) > known_s:
            log.info("provider_paused", provider=notice.provider, until=notice.until.isoformat())

    async def _publish(self, notice: PauseNotice | StartNotice) -> None:
        try:
            async with asyncio.timeout(_PUBLISH_S):
                await self._publisher.notice(notice)
        except (TimeoutError, GossipToonError) as error:
            log.warning("notice_lost", notice=notice.type, error=str(error) or "no answer in time")


@asynccontextmanager
async def open_fleet_limiter(
    settings: Settings, publisher: NoticePublisher, name: str
) -> AsyncIterator[FleetLimiter]:
    """Take part in the fleet's limits for the time of a block.

    Parameters:
        name: the worker's name, for the broker's list of connections

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: at the start only; later the limiter
            reconnects, and meanwhile no run gets a token
    """
    limiter = FleetLimiter(settings, publisher)
    async with follow_notices(settings, name, limiter.handle):
        if not limiter.consumers:
            yield limiter
            return
        service = asyncio.create_task(
            serve_tokens(settings, name, limiter.consumers.values(), limiter.paused_s, limiter.history),
            name="serve tokens",
        )
        try:
            yield limiter
        finally:
            service.cancel()
            await asyncio.gather(service, return_exceptions=True)
