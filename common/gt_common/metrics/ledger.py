"""The figures of a ledger, counted when they are asked for, and not more often than that may cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gt_common.errors import GossipToonError
from gt_common.ledger import LedgerReader, read_ledger
from gt_common.ledger.queries.figures import Figures
from gt_common.log import get_logger
from gt_common.messages import utc_now
from gt_common.metrics import catalogue
from gt_common.metrics.catalogue import BATCHES, DEAD_LETTERS, FLEET_PAUSED, LEDGER_UP, OLDEST_STORY, STORIES
from gt_common.settings import Settings

log = get_logger("metrics")

_REST: Final = 10
"""A change in the ledger is counted again after so many times the seconds that counting takes: in a large
ledger that is at most a tenth of one core."""

Families = Iterator[GaugeMetricFamily]


class LedgerFigures:
    """Counts a ledger; to be called from one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ledger: LedgerReader | None = None
        self._figures: tuple[int, Figures] | None = None
        self._count_again_at = 0.0

    def count(self) -> Figures | None:
        """Return the figures; None if the ledger cannot be read now."""
        try:
            if self._ledger is None:
                self._ledger = read_ledger(self._settings.ledger, timeout=self._settings.connect_timeout)
            began = time.monotonic()
            if self._figures is not None and began < self._count_again_at:
                return self._figures[1]
            version = self._ledger.version()
            if self._figures is None or version != self._figures[0]:
                self._figures = version, self._ledger.figures()
                ended = time.monotonic()
                self._count_again_at = ended + _REST * (ended - began)
            return self._figures[1]
        except GossipToonError as error:
            log.debug("ledger_not_counted", error=str(error))
            return None

    def close(self) -> None:
        """Close the connections."""
        if self._ledger is not None:
            self._ledger.close()


class LedgerCollector(Collector):
    """Exports what a ledger has, for a program without a broker: nothing that alerts of a fleet ask for."""

    def __init__(self, figures: LedgerFigures) -> None:
        self._figures = figures
        self._counting = threading.Lock()  # each request has a thread of its own

    def describe(self) -> Iterable[Metric]:
        """Yield nothing: without this the library would collect once to learn the names."""
        return ()

    def collect(self) -> Families:
        """Yield the metrics."""
        with self._counting:
            figures = self._figures.count()
        if figures is not None:
            yield from _contents(figures)


def ledger_families(figures: Figures | None) -> Families:
    """Yield the metrics of a ledger; if it could not be read only that."""
    yield gauge(LEDGER_UP, {(): figures is not None})
    if figures is None:
        return
    since = figures.waiting_since
    age_s = max(0.0, (utc_now() - since).total_seconds()) if since else 0.0
    yield gauge(OLDEST_STORY, {(): age_s})
    yield gauge(FLEET_PAUSED, {(): figures.paused})
    yield from _contents(figures)


def _contents(figures: Figures) -> Families:
    yield gauge(STORIES, {(status.value,): number for status, number in figures.stories.items()})
    yield gauge(BATCHES, {(phase.value,): number for phase, number in figures.batches.items()})
    yield gauge(DEAD_LETTERS, {(cause,): number for cause, number in figures.dead_letters.items()})


def gauge(metric: catalogue.Metric, values: Mapping[tuple[str, ...], float]) -> GaugeMetricFamily:
    """Return a gauge with a value for each combination of its labels."""
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
