"""The command gt-aggregate: open the ledger, subscribe, and write results to it until stopped."""

from __future__ import annotations

import asyncio
import os

from gt_common.cli.signals import StopSignals
from gt_common.errors import ExitCode
from gt_common.ledger import open_ledger
from gt_common.log import get_logger
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.messaging.topology import Role, ensure, inspect
from gt_common.settings import Settings
from gt_consumer.aggregator.aggregator import GROUP, Aggregator

log = get_logger("aggregator")

NAME = "gt-aggregate"


def aggregate_results(settings: Settings, *, until_idle: bool) -> int:
    """Run an aggregator until it is stopped or, with `until_idle`, the queue is empty; return the exit code.

    Raises:
        LedgerUnreachableError, BrokerUnreachableError, CredentialsRefusedError, TopologyError, UsageError:
            at the start only; it waits for a ledger or broker that fails later
    """
    return asyncio.run(_aggregate(settings, until_idle=until_idle))


async def _aggregate(settings: Settings, *, until_idle: bool) -> int:
    signals = StopSignals()
    with await asyncio.to_thread(open_ledger, settings.ledger, timeout=settings.connect_timeout) as ledger:
        await ensure(settings, Role.AGGREGATOR)
        queue = Names(settings.namespace).ledger_queue

        async def depth() -> int:
            return sum(info.messages or 0 for info in await inspect(settings, [queue]))

        async with open_publisher(settings, NAME) as publisher:
            aggregator = Aggregator(ledger.apply, publisher)
            async with subscribe(settings, queue, GROUP, aggregator.receive, NAME) as subscription:
                log.info("aggregator_started", queue=queue, ledger=ledger.label, pid=os.getpid())
                work = asyncio.create_task(aggregator.run(depth=depth if until_idle else None))
                await _until_done_or_stopped(work, aggregator, signals)
                await subscription.cancel()
    tally = aggregator.tally
    log.info(
        "aggregator_stopped",
        taken=tally.taken,
        new=tally.new,
        malformed=tally.malformed,
        unknown=tally.unknown.total(),
    )
    return ExitCode.DONE if signals.exit_code is None else signals.exit_code


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
