"""The text of a page of metrics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats)."""


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        return self._families


def page_of(families: Iterable[Metric]) -> bytes:
    """Return metrics in Prometheus' text format."""
    # Of its own: the library's default registry belongs to the program around it.
    registry = CollectorRegistry()
    registry.register(_Given(families))
    return generate_latest(registry)
