"""The limits of a fleet: all workers on all machines share them through the broker alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from gt_common.errors import GossipToonError
from gt_common.log import get_logger
from gt_common.messages import StoryMessage
from gt_common.messaging.rate_limits.notices import Notice, PauseNotice, follow_notices
from gt_common.messaging.rate_limits.service import serve_tokens
from gt_common.messaging.rate_limits.starts import StartMemory, StartNotice, name_run
from gt_common.messaging.rate_limits.token_tap import TokenTap
from gt_common.messaging.rate_limits.turns import TurnMemory
from gt_common.settings import Settings
from gt_consumer.limits.pauses import Pauses

log = get_logger("limits")

ANNOUNCE_S = 5.0
LONGEST_NAP_S = 1.0


class Announcer(Protocol):
    """The part of a publisher that the limiter needs."""

    async def notice(self, notice: PauseNotice | StartNotice) -> None: ...


class FleetLimiter:
    """Takes one token from the broker per call; the one elected worker gives them out.

    Parameters:
        publisher: tells the other workers of pauses and starts
    """

    def __init__(self, settings: Settings, publisher: Announcer) -> None:
        self._publisher = publisher
        self._pauses = Pauses()
        self._starts = StartMemory()
        self.memory = TurnMemory()
        self.taps = {rate.provider: TokenTap(rate, self._pauses.left_s) for rate in settings.rate_limits}

    async def acquire(self, provider: str) -> None:
        """Wait until one call to the provider is allowed in the whole fleet."""
        while True:
            if left_s := self.paused_s(provider):
                await asyncio.sleep(min(left_s, LONGEST_NAP_S))
                continue
            if provider not in self.taps:
                return
            await self.taps[provider].take()
            if not self.paused_s(provider):
                return

    async def pause(self, provider: str, until: datetime) -> None:
        """Allow no call before a time, here at once and elsewhere as soon as the broker has told it.

        Best effort for the others: who does not hear of it is told by the provider itself.
        """
        notice = PauseNotice(provider=provider, until=until)
        self.note(notice)
        await self._announce(notice)

    async def tell_start(self, story: StoryMessage) -> None:
        """Tell that a story begins: from now on the loss of its worker costs it an attempt.

        Best effort: a start that nobody hears of costs none, and the broker's delivery limit is the net.
        """
        await self._announce(StartNotice(run=name_run(story)))

    def starts_of(self, story: StoryMessage) -> int:
        """Give how often the run that a message asks for was begun, by any worker."""
        return self._starts.count(name_run(story))

    async def _announce(self, notice: PauseNotice | StartNotice) -> None:
        try:
            async with asyncio.timeout(ANNOUNCE_S):
                await self._publisher.notice(notice)
        except (TimeoutError, GossipToonError) as error:
            log.warning("notice_not_told", notice=notice.type, problem=str(error) or "no answer in time")

    def note(self, notice: Notice) -> None:
        """Take a notice, of this worker or another."""
        if isinstance(notice, StartNotice):
            self._starts.note(notice)
            return
        if not isinstance(notice, PauseNotice):
            self.memory.note(notice)
            return
        known = self.paused_s(notice.provider)
        self._pauses.note(notice.provider, notice.until)
        if self.paused_s(notice.provider) > known:
            log.info("provider_paused", provider=notice.provider, until=notice.until.isoformat())

    def paused_s(self, provider: str) -> float:
        """Give the seconds for which a provider is paused."""
        return self._pauses.left_s(provider)


@asynccontextmanager
async def open_fleet_limiter(
    settings: Settings, publisher: Announcer, name: str
) -> AsyncIterator[FleetLimiter]:
    """Take part in the fleet's limits for the time of a block.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: at the start only; later trouble is
            waited out, and without tokens nobody calls
    """
    limiter = FleetLimiter(settings, publisher)
    async with follow_notices(settings, name, limiter.note):
        if not limiter.taps:
            yield limiter
            return
        service = asyncio.create_task(
            serve_tokens(settings, name, limiter.taps.values(), limiter.paused_s, limiter.memory),
            name="serve tokens",
        )
        try:
            yield limiter
        finally:
            service.cancel()
            await asyncio.gather(service, return_exceptions=True)
