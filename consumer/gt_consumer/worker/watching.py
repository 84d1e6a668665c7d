"""Opens what watches the stories of a process, for metrics and for traces, as far as they are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gt_common.settings import Settings
from gt_consumer.limits import Limiter
from gt_consumer.worker.watch import RunWatch, Watches

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer
    from gt_consumer.worker.measures import Measures


@dataclass(frozen=True)
class Watching:
    """What watches the stories of a process; by default nothing does.

    Parameters:
        watch: is told of every story
        measures: what of it measures; None without metrics
        trouble: why metrics are not served although they should be; empty if nothing is wrong
    """

    watch: RunWatch = field(default_factory=RunWatch)
    measures: Measures | None = None
    trouble: str = ""

    def timed(self, limiter: Limiter) -> Limiter:
        """Return a limiter whose waits are counted, if anything is."""
        return limiter if self.measures is None else self.measures.timed(limiter)


@asynccontextmanager
async def watching(
    settings: Settings,
    tracer: Tracer | None,
    *,
    publishes_again: Callable[[], int] | None = None,
    local: bool = False,
) -> AsyncIterator[Watching]:
    """Watch stories for the time of a block, and serve their metrics where GT_METRICS_PORT says so.

    A process without metrics and traces loads no library for them.

    Parameters:
        publishes_again: returns how often a publish was tried again; None where there is no broker
        local: whether there is none; then the figures of the ledger are with the metrics
    """
    traces: list[RunWatch] = []
    if tracer is not None:
        from gt_consumer.worker.traces import Traces

        traces.append(Traces(tracer, local=local))
    if settings.metrics_port is None:
        yield Watching(traces[0]) if traces else Watching()
        return
    from gt_common.metrics.server import serving
    from gt_common.metrics.worker import WorkerMetrics
    from gt_consumer.worker.measures import Measures

    metrics = WorkerMetrics(settings.prefetch, publishes_again)
    if local:
        from gt_common.metrics.ledger import LedgerCollector, LedgerFigures

        metrics.registry.register(LedgerCollector(LedgerFigures(settings)))
    async with serving(settings, metrics.registry) as trouble:
        measures = Measures(metrics)
        yield Watching(Watches(*traces, measures), measures, trouble)
