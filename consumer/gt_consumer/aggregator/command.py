"""The command gt-aggregate: open the ledger, subscribe, and write results to it until stopped."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from gt_common.cli.remarks import remarks_every
from gt_common.cli.signals import StopSignals
from gt_common.errors import ExitCode
from gt_common.ledger import Ledger, open_ledger
from gt_common.log import get_logger
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.messaging.topology import Role, ensure, inspect
from gt_common.notify.sender import sending
from gt_common.notify.targets import open_targets
from gt_common.settings import Settings
from gt_common.tracing.opening import tracing
from gt_consumer.aggregator.aggregator import PREFETCH, Aggregator
from gt_consumer.aggregator.decoding import Decoded
from gt_consumer.aggregator.rule_keeper import RuleKeeper
from gt_consumer.aggregator.traces import LedgerTraces

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer

log = get_logger("aggregator")

NAME = "gt-aggregate"
ORDER_S = 20.0
"""Seconds within which the broker has to take an order to the workers; then it is tried again later."""
SETTLE_S = 5.0
"""Seconds that an aggregator which ends takes for the stop rules of what it has committed."""
PROGRESS_S = 10.0
"""Seconds between the lines of an aggregator whose end somebody waits for."""


def aggregate_results(settings: Settings, *, until_idle: bool) -> int:
    """Run an aggregator until it is stopped or, with `until_idle`, the queue is empty; return the exit code.

    Raises:
        LedgerUnreachableError, BrokerUnreachableError, CredentialsRefusedError, TopologyError, UsageError:
            at the start only; it waits for a ledger or broker that fails later
    """
    with tracing(settings, NAME) as tracer:
        return asyncio.run(_aggregate(settings, tracer, until_idle=until_idle))


async def _aggregate(settings: Settings, tracer: Tracer | None, *, until_idle: bool) -> int:
    signals = StopSignals()
    targets = await asyncio.to_thread(open_targets, settings)
    notify = [target.digest for target in targets]
    with await asyncio.to_thread(
        open_ledger, settings.ledger, timeout=settings.connect_timeout, notify=notify
    ) as ledger:
        await ensure(settings, Role.AGGREGATOR)
        queue = Names(settings.namespace).ledger_queue

        async def depth() -> int:
            return sum(info.messages or 0 for info in await inspect(settings, [queue]))

        async with (
            sending(ledger, targets, settings.currency, leave=signals.wait_second),
            open_publisher(settings, NAME) as publisher,
            _keeping_rules(settings, ledger) as rules,
        ):
            aggregator = Aggregator(ledger.apply, publisher, committed=rules.take, traced=_traced(tracer))
            async with (
                _measured(settings, aggregator),
                subscribe(
                    settings, queue, PREFETCH, aggregator.receive, NAME, on_start=rules.look_at_all
                ) as subscription,
            ):
                log.info("aggregator_started", queue=queue, ledger=ledger.label, pid=os.getpid())
                work = asyncio.create_task(aggregator.run(depth=depth if until_idle else None))
                async with _progress(aggregator) if until_idle else nullcontext():
                    await _until_done_or_stopped(work, aggregator, signals)
                await subscription.cancel()
                await rules.settle(SETTLE_S)
    tally = aggregator.tally
    log.info(
        "aggregator_stopped",
        taken=tally.taken,
        new=tally.new,
        malformed=tally.malformed,
        unknown=tally.unknown.total(),
    )
    return ExitCode.DONE if signals.exit_code is None else signals.exit_code


def _progress(aggregator: Aggregator) -> AbstractAsyncContextManager[None]:
    """Log every few seconds how much is stored, for the duration of a block."""

    def report() -> None:
        log.info("results_stored", taken=aggregator.tally.taken, waiting=aggregator.waiting)

    return remarks_every(PROGRESS_S, report)


def _traced(tracer: Tracer | None) -> Callable[[Sequence[Decoded]], None]:
    return (lambda _decoded: None) if tracer is None else LedgerTraces(tracer).committed


@asynccontextmanager
async def _measured(settings: Settings, aggregator: Aggregator) -> AsyncIterator[None]:
    """Serve the metrics of an aggregator for the duration of a block, where GT_METRICS_PORT is set."""
    if settings.metrics_port is None:
        yield
        return
    # An aggregator without metrics loads no library for them.
    from gt_common.metrics.aggregator import AggregatorMetrics
    from gt_common.metrics.fleet import FleetMetrics
    from gt_common.metrics.server import serving

    async with aclosing(FleetMetrics(settings, NAME)) as fleet:
        metrics = AggregatorMetrics(
            fleet,
            Names(settings.namespace),
            asyncio.get_running_loop(),
            lambda: aggregator.tally.new,
            lambda: aggregator.lag_s,
        )
        async with serving(settings, metrics.registry):
            yield


@asynccontextmanager
async def _keeping_rules(settings: Settings, ledger: Ledger) -> AsyncIterator[RuleKeeper]:
    """Pause batches that meet their stop rules, for the duration of a block."""
    # Connects when a rule is met: a fleet without rules needs no connection for them.
    async with aclosing(Publisher(settings, f"{NAME} stop rules", ORDER_S)) as publisher:
        rules = RuleKeeper(ledger, publisher, settings.currency)
        task = asyncio.create_task(rules.run(), name="keep stop rules")
        task.add_done_callback(_log_crash)
        try:
            yield rules
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _log_crash(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        log.error("stop_rules_failed", exc_info=task.exception())


async def _until_done_or_stopped(
    work: asyncio.Task[None], aggregator: Aggregator, signals: StopSignals
) -> None:
    """Wait for the work; the first signal lets it finish its group, the second cancels it."""
    first = asyncio.create_task(signals.wait_first())
    second = asyncio.create_task(signals.wait_second())
    try:
        await asyncio.wait({work, first}, return_when=asyncio.FIRST_COMPLETED)
        aggregator.stop()
        await asyncio.wait({work, second}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        for task in (first, second, work):
            task.cancel()
