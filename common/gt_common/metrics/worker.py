"""The metrics of one worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from gt_common.metrics.catalogue import (
    ATTEMPTS,
    COST,
    OTHER,
    PROVIDER_WAIT,
    PUBLISHES_AGAIN,
    SLOTS,
    SLOTS_BUSY,
    STAGE_SECONDS,
    STARTED,
    Metric,
)

OUTCOMES: Final = (
    "success",
    "retrying",
    "failed",
    "cancelled",
    "rate_limited",
    "interrupted",
    "machine_unfit",
)
"""Values of the label of gt_attempts_total: the story's status, or why it was queued again."""
MOST_LABELS: Final = 50
"""Stages, and providers, that have a series of their own; orchestrators choose the names."""
STAGE_BUCKETS: Final = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Bounds in seconds, from a quick step to the usual time limit and beyond."""
_MILLION: Final = 1_000_000
_LONGEST_LABEL: Final = 100


class WorkerMetrics:
    """Counts what a worker does; each method may be called from any thread.

    Parameters:
        slots: stories that the worker can run at the same time
        publishes_again: returns how often a publish was tried again; None where there is no broker
    """

    def __init__(self, slots: int, publishes_again: Callable[[], int] | None) -> None:
        # Counters would have a second series each, with the time at which they began.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no hints for it
        self.registry = registry = CollectorRegistry()
        self._started = Counter(STARTED.name, STARTED.help, registry=registry)
        self._attempts = _counter(ATTEMPTS, registry)
        self._stages = Histogram(
            STAGE_SECONDS.name, STAGE_SECONDS.help, ["stage"], buckets=STAGE_BUCKETS, registry=registry
        )
        self._busy = Gauge(SLOTS_BUSY.name, SLOTS_BUSY.help, registry=registry)
        self._cost = _counter(COST, registry)
        self._waits = _counter(PROVIDER_WAIT, registry)
        Gauge(SLOTS.name, SLOTS.help, registry=registry).set(slots)
        if publishes_again is not None:
            registry.register(_Read(PUBLISHES_AGAIN, publishes_again))
        for outcome in OUTCOMES:
            self._attempts.labels(outcome)  # from 0, so that the first one is an increase
        self._stage_names, self._providers = BoundedNames(), BoundedNames()

    def run_started(self) -> None:
        """Count the start of a run."""
        self._started.inc()
        self._busy.inc()

    def run_ended(self, cost: Mapping[str, int]) -> None:
        """Count the end of a run, which has spent this: millionths of the currency, by provider."""
        self._busy.dec()
        for provider, amount in cost.items():
            self._cost.labels(self._providers.of(provider)).inc(amount / _MILLION)

    def stage_ended(self, stage: str, seconds: float) -> None:
        """Count the time that a run has spent in a stage."""
        self._stages.labels(self._stage_names.of(stage)).observe(seconds)

    def settled(self, outcome: str) -> None:
        """Count what has become of a story."""
        self._attempts.labels(outcome).inc()

    def waited(self, provider: str, seconds: float) -> None:
        """Count seconds of waiting for a provider."""
        self._waits.labels(self._providers.of(provider)).inc(max(0.0, seconds))


class BoundedNames:
    """The first names that come, as labels; all later ones are `other`, so that series stay few."""

    def __init__(self, most: int = MOST_LABELS) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, name: str) -> str:
        """Return the label for a name."""
        name = name[:_LONGEST_LABEL]
        if name not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(name)
        return name


class _Read(Collector):
    """A counter that is kept elsewhere and read when it is asked for."""

    def __init__(self, metric: Metric, read: Callable[[], float]) -> None:
        self._metric = metric
        self._read = read

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Yield the counter."""
        yield CounterMetricFamily(self._metric.name, self._metric.help, value=self._read())


def _counter(metric: Metric, registry: CollectorRegistry) -> Counter:
    return Counter(metric.name, metric.help, list(metric.labels), registry=registry)
