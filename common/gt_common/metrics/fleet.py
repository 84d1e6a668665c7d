"""The figures of the fleet, from its ledger and its queues, as gt-dashboard and gt-aggregate export them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gt_common.errors import GossipToonError
from gt_common.ledger.queries.figures import Figures
from gt_common.log import get_logger
from gt_common.messaging.depths import DepthReader
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names
from gt_common.metrics.catalogue import (
    BROKER_UP,
    QUEUE_CONSUMERS,
    QUEUE_MESSAGES,
    SLOTS,
    SLOTS_BUSY,
    WORKERS,
)
from gt_common.metrics.ledger import Families, LedgerFigures, gauge, ledger_families
from gt_common.metrics.page import page_of
from gt_common.settings import Settings

log = get_logger("metrics")

FRESH_S: Final = 1.0
"""What was read is good for so long, however many ask."""
_PATIENCE_S: Final = 8.0
"""Seconds for the broker to answer; Prometheus waits 10 s for a page."""


@dataclass(frozen=True)
class Slots:
    """The workers that are alive, the stories that they can run at the same time, and that they run now."""

    workers: int
    slots: int
    busy: int


@dataclass(frozen=True)
class FleetState:
    """What was read last; None what could not be read.

    Parameters:
        slots: None also where nobody listens to the workers
    """

    figures: Figures | None
    queues: Mapping[str, QueueInfo] | None
    slots: Slots | None = None


class FleetMetrics:
    """Reads the figures of the fleet when they are asked for, and not more often than they may cost.

    Parameters:
        name: the program's name, for the broker's list of connections
        slots: returns what is known of the workers, by a program that listens to them
    """

    def __init__(
        self, settings: Settings, name: str, slots: Callable[[], Slots | None] = lambda: None
    ) -> None:
        self._settings = settings
        self._slots = slots
        self._names = Names(settings.namespace)
        self._depths = DepthReader(settings, f"{name} metrics")
        self._figures = LedgerFigures(settings)
        self._lock = asyncio.Lock()
        self._state: tuple[float, FleetState] | None = None

    async def page(self) -> bytes:
        """Return the figures in Prometheus' text format (`gt_common.metrics.page.CONTENT_TYPE`)."""
        return page_of(families(await self.read(), self._names))

    async def read(self) -> FleetState:
        """Return the figures; the part that cannot be read now is None."""
        async with self._lock:
            if self._state is None or time.monotonic() - self._state[0] > FRESH_S:
                figures, queues = await asyncio.gather(asyncio.to_thread(self._figures.count), self._ask())
                self._state = time.monotonic(), FleetState(figures, queues, self._slots())
            return self._state[1]

    async def aclose(self) -> None:
        """Close the connections."""
        async with self._lock:
            await self._depths.aclose()
            await asyncio.to_thread(self._figures.close)

    async def _ask(self) -> dict[str, QueueInfo] | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._depths.read()
        except (GossipToonError, TimeoutError) as error:
            log.debug("queues_not_asked", error=str(error))
            return None


def families(state: FleetState, names: Names) -> Families:
    """Yield the metrics of what was read; what could not be read is left out and told by `gt_…_up`."""
    yield from ledger_families(state.figures)
    yield gauge(BROKER_UP, {(): state.queues is not None})
    if state.queues is not None:
        yield from _of_queues(state.queues, names)
    if state.slots is not None:
        yield gauge(WORKERS, {(): state.slots.workers})
        yield gauge(SLOTS, {(): state.slots.slots})
        yield gauge(SLOTS_BUSY, {(): state.slots.busy})


def _of_queues(queues: Mapping[str, QueueInfo], names: Names) -> Families:
    depths: Counter[str] = Counter()
    for name, info in queues.items():
        depths[_label(name, names)] += info.messages or 0
    consumed = (names.stories, names.ledger_queue)
    consumers: dict[tuple[str, ...], float] = {
        (name,): queues[name].consumers or 0 for name in consumed if name in queues
    }
    yield gauge(QUEUE_MESSAGES, {(name,): number for name, number in depths.items()})
    yield gauge(QUEUE_CONSUMERS, consumers)


def _label(queue: str, names: Names) -> str:
    """Return the name under which a queue is exported: the steps of the ladder have one together."""
    ladder = f"{names.namespace}.delay"
    return ladder if queue.startswith(f"{ladder}.") else queue
