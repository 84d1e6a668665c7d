"""The metrics of one aggregator: its own, and those of the fleet, which it knows from the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gt_common.messaging.names import Names
from gt_common.metrics.catalogue import LEDGER_EVENTS, LEDGER_LAG
from gt_common.metrics.fleet import FleetMetrics, families

_PATIENCE_S: Final = 9.0
"""Seconds within which the event loop has to answer; Prometheus waits 10 s."""


class AggregatorMetrics(Collector):
    """Reads everything when it is asked for, in the thread of the server.

    Parameters:
        fleet: lives in the event loop
        loop: the event loop
        written: returns how many events were written to the ledger
        lag_s: returns the seconds by which the ledger is behind
    """

    def __init__(
        self,
        fleet: FleetMetrics,
        names: Names,
        loop: asyncio.AbstractEventLoop,
        written: Callable[[], int],
        lag_s: Callable[[], float],
    ) -> None:
        self._fleet = fleet
        self._names = names
        self._loop = loop
        self._written = written
        self._lag_s = lag_s
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Yield nothing: without this the library would collect once to learn the names."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        yield CounterMetricFamily(LEDGER_EVENTS.name, LEDGER_EVENTS.help, value=self._written())
        yield GaugeMetricFamily(LEDGER_LAG.name, LEDGER_LAG.help, value=self._lag_s())
        reading = asyncio.run_coroutine_threadsafe(self._fleet.read(), self._loop)
        try:
            state = reading.result(_PATIENCE_S)
        except TimeoutError:
            reading.cancel()
            return
        yield from families(state, self._names)
