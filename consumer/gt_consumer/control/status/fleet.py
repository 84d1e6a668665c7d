"""The state of the fleet: workers, pauses and queues, each asked of the broker once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gt_common.messages import utc_now
from gt_common.messaging.control.standing import look_at_holds
from gt_common.messaging.depths import read_depths, work_queues
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.presence.beats import ProviderWait
from gt_common.messaging.presence.roster import LivingWorker, read_roster
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import Role, ensure
from gt_common.settings import Settings
from gt_consumer.control.status.pauses import Pause, parked_queues, pauses_in_force

NAME = "gt-control status"
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Fleet:
    """What the fleet does now.

    Parameters:
        paused: the pauses in force, that of the whole fleet first
        waits: the providers for which runs wait
        queues: by name; None for one that this user may not see
        unread: why pauses of gt-batch may be missing; empty if none is
    """

    at: datetime
    namespace: str
    paused: tuple[Pause, ...]
    workers: tuple[LivingWorker, ...]
    waits: tuple[ProviderWait, ...]
    queues: dict[str, QueueInfo | None]
    unread: str = ""

    @property
    def silent(self) -> int:
        """Consumers of the story queue that did not say that they live."""
        stories = self.queues.get(Names(self.namespace).stories)
        return max(0, (stories.consumers or 0) - len(self.workers)) if stories else 0


async def read_fleet(settings: Settings) -> Fleet:
    """Ask the broker what the fleet does, and the ledger which batches of gt-batch are paused.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: it cannot be asked
    """
    await ensure(settings, Role.OPERATOR)
    names = Names(settings.namespace)
    async with open_publisher(settings, NAME, PATIENCE_S) as publisher:
        roster, holds = await asyncio.gather(
            read_roster(settings, publisher, NAME), look_at_holds(settings, NAME)
        )
    parked = parked_queues(names, holds, utc_now())
    queues, (paused, unread) = await asyncio.gather(
        read_depths(settings, [*work_queues(settings), *parked]),
        asyncio.to_thread(pauses_in_force, settings, holds),
    )
    workers = tuple(roster.alive())
    waits = merged_waits(wait for worker in workers for wait in worker.beat.waits)
    return Fleet(utc_now(), settings.namespace, paused, workers, waits, queues, unread)


def merged_waits(waits: Iterable[ProviderWait]) -> tuple[ProviderWait, ...]:
    """Return one wait for each provider: the latest end that any worker knows, and all runs that wait."""
    by_provider: dict[str, list[ProviderWait]] = {}
    for wait in waits:
        by_provider.setdefault(wait.provider, []).append(wait)
    return tuple(_merged(provider, by_provider[provider]) for provider in sorted(by_provider))


def _merged(provider: str, waits: Sequence[ProviderWait]) -> ProviderWait:
    ends = [wait.until for wait in waits if wait.until is not None]
    return ProviderWait(
        provider=provider, until=max(ends, default=None), runs=sum(wait.runs for wait in waits)
    )
