"""What gt-consume does: check everything, process stories until told to stop, and clean up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from gt_common.cli.signals import StopSignals
from gt_common.errors import BrokerUnreachableError, ExitCode, QueueUnavailableError
from gt_common.lifecycle import StoryStatus
from gt_common.log import get_logger
from gt_common.messaging.control.stream import read_control
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.subscription import Subscription, subscribe
from gt_common.messaging.topology import Role, ensure
from gt_common.messaging.versions import TIMEOUT_OF_A_QUEUE, version_of
from gt_common.messaging.waiting import inspect_story_queues
from gt_common.settings import Settings
from gt_common.tracing.opening import tracing
from gt_consumer.limits.fleet import open_fleet_limiter
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.runner.executors import make_runner
from gt_consumer.runner.prices import read_prices
from gt_consumer.runner.runner import Runner
from gt_consumer.storage.finished_videos import check_output
from gt_consumer.worker.first_of import first_of
from gt_consumer.worker.holds import HeldStories
from gt_consumer.worker.intake import Intake
from gt_consumer.worker.machine_limits import warn_of_limits
from gt_consumer.worker.parking_lot import ParkingLot
from gt_consumer.worker.presence import Presence
from gt_consumer.worker.progress import Displays
from gt_consumer.worker.watching import watching
from gt_consumer.worker.worker import Worker

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer

log = get_logger("worker")

POLL_S = 1.0
REQUEUE_S = 20.0
BROKER_LIMIT_S = 25 * 60


def consume_stories(settings: Settings, *, until_empty: bool) -> int:
    """Run a worker until it is told to stop, or until nothing is left; return the exit code.

    Raises:
        UsageError: GT_PRICES or GT_RETRY_RULES is invalid
        OrchestratorError, OutputError, MachineUnfitError, BrokerUnreachableError, CredentialsRefusedError,
        TopologyError: at the start only; the worker waits for a broker that is lost later
    """
    read_prices(settings.prices)
    check_output(settings.output)
    check_orchestrator(settings.orchestrator_to_run, settings.check_timeout, settings.cwd)
    warn_of_limits(settings.prefetch, settings.output)
    with tracing(settings, "gt-consume") as tracer:
        return asyncio.run(_consume(settings, tracer, until_empty=until_empty))


async def _consume(settings: Settings, tracer: Tracer | None, *, until_empty: bool) -> int:
    # With Python's own choice, processors + 4 threads, slots would wait for each other's fsync.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.prefetch + 6))
    await ensure(settings, Role.WORKER)
    name = f"gt-consume {settings.worker_name}"
    signals = StopSignals()
    async with (
        open_publisher(settings, name) as publisher,
        watching(settings, tracer, publishes_again=lambda: publisher.repeats) as watched,
        open_fleet_limiter(settings, publisher, name) as fleet_limiter,
        aclosing(make_runner(settings, limiter := watched.timed(fleet_limiter))) as runner,
    ):
        presence = Presence(settings, publisher, fleet_limiter.waits)

        async def read_on() -> bool:
            return await worker.read_on()

        holds = HeldStories(ParkingLot(settings, publisher), read_on)
        worker = Worker(
            settings,
            runner,
            publisher,
            limiter=limiter,
            starts=fleet_limiter,
            display=Displays(presence, watched.watch),
            holds=holds,
            watch=watched.watch,
        )
        async with (
            _subscribed(settings, worker, holds, publisher, signals, name) as subscription,
            presence.beating(),
        ):
            _log_start(settings, subscription)
            await _until_stop(settings, worker, holds, signals, until_empty=until_empty)
            worker.stop_starting()
            await subscription.cancel()
            await _drain(settings, worker, runner, signals)
    log.info("worker_stopped", stories={str(status): count for status, count in worker.counts.items()})
    if signals.exit_code is not None:
        return signals.exit_code
    return ExitCode.SOME_FAILED if worker.counts[StoryStatus.FAILED] else ExitCode.DONE


@asynccontextmanager
async def _subscribed(
    settings: Settings,
    worker: Worker,
    holds: HeldStories,
    publisher: Publisher,
    signals: StopSignals,
    name: str,
) -> AsyncIterator[Subscription]:
    """Read what operators have ordered, then consume stories for the duration of a block."""
    async with read_control(settings, publisher, name, worker.obey) as control:
        worker.orders.follow(control)
        await first_of(control.wait_ready(), signals.wait_first())
        queue, held = Names(settings.namespace).stories, holds.fleet_held
        async with subscribe(
            settings,
            queue,
            settings.prefetch,
            worker.receive,
            name,
            on_start=worker.orders.subscribed,
            paused=held,
        ) as subscription:
            intake = Intake(subscription, paused=held)
            await holds.begin(intake)
            resting = asyncio.create_task(_rest_when_unfit(worker, intake))
            try:
                yield subscription
            finally:
                resting.cancel()
                await holds.aclose()


async def _rest_when_unfit(worker: Worker, intake: Intake) -> None:
    """Take no stories while the machine cannot run them; other workers get them meanwhile."""
    while True:
        seconds = await worker.rest.wait_begin()
        await intake.pause("rest")
        await asyncio.sleep(seconds)
        worker.rest.end()
        await intake.resume("rest")


async def _until_stop(
    settings: Settings, worker: Worker, holds: HeldStories, signals: StopSignals, *, until_empty: bool
) -> None:
    """Return on the first signal or, with `until_empty`, when nothing is left; raise the worker's error."""
    stop = asyncio.create_task(signals.wait_first())
    waits: set[asyncio.Future[None]] = {stop, worker.broken}
    if until_empty:
        waits.add(asyncio.create_task(_until_empty(settings, worker, holds)))
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
    finally:
        for wait in waits - {worker.broken}:
            wait.cancel()


async def _until_empty(settings: Settings, worker: Worker, holds: HeldStories) -> None:
    """Return when nothing is left.

    Raises:
        QueueUnavailableError: the broker cannot load a queue of parked stories
    """
    while True:
        await worker.wait_until_quiet()
        if holds.unavailable is not None:
            raise QueueUnavailableError(holds.unavailable)
        if await _are_empty(settings, holds) and not worker.busy and not holds.busy:
            return
        # A story that waits for its retry causes no event that could be awaited.
        await asyncio.sleep(POLL_S)


async def _are_empty(settings: Settings, holds: HeldStories) -> bool:
    names = Names(settings.namespace)
    parked = [names.parked_queue(*parking) for parking in holds.parkings()]
    try:
        # In the direction in which stories move, so that none escapes by moving to a queue seen before.
        return not any(info.messages for info in await inspect_story_queues(settings, parked))
    except BrokerUnreachableError as error:
        # The subscription reconnects by itself, and unsettled stories are delivered again.
        log.info("queue_inspection_failed", error=str(error))
        return False


async def _drain(settings: Settings, worker: Worker, runner: Runner, signals: StopSignals) -> None:
    """Let running stories finish; after the drain timeout or a second signal requeue them."""
    if not worker.busy:
        return
    log.info("drain_started", seconds=settings.drain_timeout)
    finished = asyncio.create_task(worker.wait_until_quiet())
    second = asyncio.create_task(signals.wait_second())
    await asyncio.wait(
        {finished, second}, timeout=settings.drain_timeout, return_when=asyncio.FIRST_COMPLETED
    )
    second.cancel()
    if not finished.done():
        log.info("running_stories_interrupted")
        await runner.interrupt()
        await asyncio.wait({finished}, timeout=REQUEUE_S)
    finished.cancel()


def _log_start(settings: Settings, subscription: Subscription) -> None:
    version = subscription.server_version
    log.info(
        "worker_started",
        worker=settings.worker_name,
        queue=Names(settings.namespace).stories,
        slots=settings.prefetch,
        orchestrator=settings.orchestrator,
        output=str(settings.output.absolute()),
        pid=os.getpid(),
        broker=version,
    )
    if (0, 0) < version_of(version) < TIMEOUT_OF_A_QUEUE and settings.time_limit > BROKER_LIMIT_S:
        log.warning(
            "ack_timeout_detected",
            hint="this broker closes the channel of a story that takes over 30 minutes unless its "
            "rabbitmq.conf has the line: consumer_timeout = 86400000",
            broker=version,
        )
