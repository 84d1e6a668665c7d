"""The state of the fleet, asked of the broker every few seconds, more often while somebody looks."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gt_common.errors import GossipToonError
from gt_common.messages import utc_now
from gt_common.messaging.names import Names
from gt_common.metrics.fleet import Slots
from gt_consumer.control.status.fleet import Fleet, read_fleet
from gt_consumer.dashboard.rates import Sample

if TYPE_CHECKING:
    from gt_common.messaging.lookup import QueueInfo
    from gt_common.settings import Settings
    from gt_consumer.dashboard.live import Live
    from gt_consumer.dashboard.rates import Rates

WATCHED_S: Final = 3.0
"""Time between two looks while a browser listens."""
IDLE_S: Final = 20.0
"""The same while none does: the curves have a point now and then; a page that is opened asks for a look."""
_ASKING_S: Final = 15.0


class FleetWatch:
    """Knows what the fleet does.

    Parameters:
        latest: what it did at the last look that succeeded; None before
        trouble: why the last look failed; empty if it did not
    """

    def __init__(self, settings: Settings, live: Live, rates: Rates) -> None:
        self._settings = settings
        self._live = live
        self._rates = rates
        self._looked = asyncio.Event()
        self._wanted = asyncio.Event()
        self._looked_at = 0.0
        self.latest: Fleet | None = None
        self.trouble = ""

    async def run(self) -> None:
        """Look again and again, without end."""
        while True:
            self._wanted.clear()
            await self._look()
            self._looked_at = time.monotonic()
            self._looked.set()
            while not self._wanted.is_set() and self._age < (WATCHED_S if self._live.watched else IDLE_S):
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._wanted.wait()

    async def ready(self, seconds: float = 3.0) -> Fleet | None:
        """Return the state, after waiting so many seconds for a look if the latest one is old."""
        if self._looked.is_set() and self._age > WATCHED_S:
            self._looked.clear()
            self._wanted.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._looked.wait()
        return self.latest

    @property
    def _age(self) -> float:
        return time.monotonic() - self._looked_at

    def slots(self) -> Slots | None:
        """Return what the workers said at the last look; None if that failed."""
        if self.latest is None or self.trouble:
            return None
        beats = [worker.beat for worker in self.latest.workers]
        return Slots(len(beats), sum(beat.slots for beat in beats), sum(len(beat.running) for beat in beats))

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(_ASKING_S):
                fleet = await read_fleet(self._settings)
        except TimeoutError:
            self.trouble = f"the broker did not answer within {_ASKING_S:g} s"
        except GossipToonError as error:
            self.trouble = str(error)
        else:
            self.latest, self.trouble = fleet, ""
            self._rates.samples.append(sample_of(fleet, self._rates.ended))
        self._live.changed(fleet=True)


def sample_of(fleet: Fleet, ended: int) -> Sample:
    """Return the numbers of a fleet for the curves."""
    names = Names(fleet.namespace)
    waits = [
        info
        for name, info in fleet.queues.items()
        if name.startswith((f"{names.retry}.", f"{fleet.namespace}.delay."))
    ]
    return Sample(
        at=utc_now().timestamp(),
        waiting=_depth(fleet.queues.get(names.stories)),
        retrying=sum(_depth(info) or 0 for info in waits),
        dead=_depth(fleet.queues.get(names.dlq)),
        unstored=_depth(fleet.queues.get(names.ledger_queue)),
        busy=sum(len(worker.beat.running) for worker in fleet.workers),
        slots=sum(worker.beat.slots for worker in fleet.workers),
        ended=ended,
    )


def _depth(info: QueueInfo | None) -> int | None:
    return info.messages if info else None
