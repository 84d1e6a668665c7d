"""The worker: receives deliveries, runs each story in a task of its own, and settles it last."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from traceback import format_exc

from gt_common.errors import MalformedMessageError
from gt_common.failures import Failure
from gt_common.lifecycle import StoryStatus
from gt_common.log import get_logger, log_context
from gt_common.messages import LogKeys, StoryMessage, decode_story, header_log_keys, log_keys, utc_now
from gt_common.messaging.control.notices import CancelNotice, ControlOrder
from gt_common.messaging.dead_letters import known_headers, was_dead_letter
from gt_common.messaging.names import STORY_KEY
from gt_common.settings import Settings
from gt_common.tracing.context import carrying, traceparent_of
from gt_consumer.limits import Limiter
from gt_consumer.processes.machine import machine_problem, no_room, room_cure
from gt_consumer.runner.outcomes import (
    Cancelled,
    FailedForGood,
    FailedForNow,
    Interrupted,
    NotDue,
    Outcome,
    Succeeded,
    Unfit,
    Waiting,
)
from gt_consumer.worker.admission import Admission
from gt_consumer.worker.moved_letters import replay_moved_letter
from gt_consumer.worker.orders import Orders
from gt_consumer.worker.ports import Delivery, Starts, StoryHolds, StoryRunner, WorkerPublisher
from gt_consumer.worker.progress import Display, ProgressReporter
from gt_consumer.worker.rest import Rest
from gt_consumer.worker.retry_rules import make_policy
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.settle import publish_outcome
from gt_consumer.worker.wait_log import log_wait
from gt_consumer.worker.watch import RunWatch

log = get_logger("worker")

RunKey = tuple[str, str, int, int, int]

REMEMBERED_RUNS = 500
JSON = "application/json"


@dataclass
class _InProgress:
    """A run and all deliveries of it: a redelivery joins the run instead of starting another.

    Parameters:
        aside: how many deliveries were acked because their message was put aside instead of being run
    """

    story: StoryMessage
    deliveries: list[Delivery]
    task: asyncio.Task[None]
    cancelled: asyncio.Event
    aside: int = 0

    @property
    def late(self) -> list[Delivery]:
        """The deliveries that came while the message was put aside: one may be the copy that was."""
        return self.deliveries[self.aside :] if self.aside else []


class Worker:
    """Runs stories as they are delivered.

    Parameters:
        settings: slots (`prefetch`), attempts and delays, name, and whether starts of stories are limited
        limiter: grants the starts of stories, if they are limited
        starts: counts starts then; without it each delivery counts as one
        display: shows the runs while they last
        holds: what is paused; None if nothing ever is
        watch: is told what becomes of each story

    Raises:
        UsageError: GT_RETRY_RULES is invalid
    """

    def __init__(
        self,
        settings: Settings,
        runner: StoryRunner,
        publisher: WorkerPublisher,
        *,
        limiter: Limiter | None = None,
        starts: Starts | None = None,
        display: Display | None = None,
        holds: StoryHolds | None = None,
        watch: RunWatch | None = None,
    ) -> None:
        self._settings = settings
        self._display = display
        self._watch = watch or RunWatch()
        self._policy = make_policy(settings)
        self._runner = runner
        self._publisher = publisher
        self._slots = asyncio.Semaphore(settings.prefetch)
        self._in_progress: dict[RunKey, _InProgress] = {}
        self._settled: OrderedDict[RunKey, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._stop = asyncio.Event()
        self.rest = Rest()
        self.orders = Orders()
        self._holds = holds
        self._admission = Admission(
            settings, self._stop, limiter, starts, self.rest, self.orders, self._is_held
        )
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.counts: Counter[StoryStatus] = Counter()

    @property
    def busy(self) -> bool:
        """Whether a delivery is not settled yet."""
        return bool(self._in_progress or self._tasks)

    def stop_starting(self) -> None:
        """From now on requeue what is delivered and what has not started."""
        self._stop.set()

    def obey(self, order: ControlOrder) -> None:
        """Take an operator's order, again if it comes again; called in the event loop, returns at once."""
        if isinstance(order, CancelNotice):
            self.orders.cancel(order)
            for running in list(self._in_progress.values()):
                self._cancel(running)
        if self._holds is not None:
            self._holds.obey(order)

    async def read_on(self) -> bool:
        """Wait until all orders up to now are known; return False if the worker stops before."""
        return await self.orders.read_on(self._stop)

    def _is_held(self, batch_id: str) -> bool:
        return self._holds is not None and self._holds.held(batch_id)

    def _cancel(self, running: _InProgress) -> None:
        """Let a story end that waits or runs here, if it is cancelled."""
        order = self.orders.cancellation(running.story)
        if order is None:
            return
        running.cancelled.set()
        if order.running == "stop":
            with log_context(self._keys(running.story)):
                log.info("story_stopped", by=order.by, reason=order.reason)
            self._runner.stop_story(running.story)

    async def wait_until_quiet(self) -> None:
        """Wait until every delivery is settled."""
        await self._quiet.wait()

    def receive(self, delivery: Delivery) -> None:
        """Take a delivery; called in the event loop, returns at once."""
        try:
            _check_content_type(delivery.content_type)
            story = decode_story(delivery.body)
        except MalformedMessageError as error:
            with log_context(header_log_keys(delivery.headers, self._settings.worker_name)):
                self._spawn(self._reject(delivery, str(error)))
            return
        with log_context(self._keys(story)):
            if was_dead_letter(story, delivery.headers):
                # Never compared with the settled runs: it is one of them, and its ack would lose the story.
                moved = replay_moved_letter(
                    delivery, self._publisher, self.orders, self._settings, self._stop
                )
                self._spawn(moved)
            else:
                with (
                    carrying(traceparent_of(delivery.headers)),
                    self._watch.delivered(story, delivery.headers),
                ):
                    self._accept(story, delivery)

    def _accept(self, story: StoryMessage, delivery: Delivery) -> None:
        key = (story.batch_id, story.story_id, story.generation, story.attempt, story.run)
        running = self._in_progress.get(key)
        if running is not None:
            log.info("run_adopted", delivery_count=delivery.delivery_count)
            running.deliveries.append(delivery)
        elif key in self._settled:
            self._spawn(_ack_all([delivery]))
        else:
            cancelled = asyncio.Event()
            task = self._spawn(self._process(key, story, delivery.delivery_count, cancelled))
            self._in_progress[key] = _InProgress(story, [delivery], task, cancelled)

    async def _process(
        self, key: RunKey, delivered: StoryMessage, losses: int, cancelled: asyncio.Event
    ) -> None:
        """Run a story, publish its outcome, and only then acknowledge its deliveries."""
        try:
            with ExitStack() as watched:
                async with self._slots:
                    story = await self._admission.wait(delivered, losses, cancelled)
                    if await self._set_aside(key, delivered):
                        return
                    events = RunEvents(story, self._settings.worker_name, utc_now())
                    self._watch.begin(events)
                    watched.callback(self._watch.end, events)
                    with log_context(self._keys(story)):
                        await self._admission.record_start(delivered, story)
                        outcome = self._admission.refusal(story) or await self._run(events)
                with log_context(self._keys(story)):
                    await self._settle(key, events, outcome)
        finally:
            for late in self._in_progress.pop(key).late:
                self._accept(delivered, late)

    async def _set_aside(self, key: RunKey, story: StoryMessage) -> bool:
        """Put a story elsewhere that is paused; return False if it may start, or is cancelled."""
        if self._holds is None or not self._is_held(story.batch_id) or self.orders.cancellation(story):
            return False
        entry = self._in_progress[key]
        count = len(entry.deliveries)
        with log_context(self._keys(story)):
            if not await self._holds.set_aside(story):
                return False
            entry.aside = count
            await _ack_all(entry.deliveries[:count])
        return True

    async def _run(self, events: RunEvents) -> Outcome:
        story = events.story
        log.info("story_started", url=story.url)
        async with ProgressReporter(events, self._publisher, self._display) as progress:
            try:
                outcome = await self._runner.run(
                    story, story.attempt, progress.stage, progress.project, progress.spent
                )
            except Exception as error:
                problem = machine_problem(error)
                if problem is None:
                    log.exception("runner_failed")
                outcome = self._unfit(error, problem) if problem else _crash(error, events)
        judged = self._policy.judge(story, outcome)
        if isinstance(outcome, Unfit):
            self.rest.begin(outcome.problem, outcome.cure)
        elif not isinstance(outcome, Interrupted):
            self.rest.recovered()
        if isinstance(judged, Waiting):
            log_wait(events, outcome, judged, self._settings.currency)
        return judged

    def _unfit(self, error: Exception, problem: str) -> Unfit:
        """Return the outcome of an error of the machine within the worker, which writes the output folder."""
        output = self._settings.output
        full = no_room(error, output)
        return Unfit(problem) if full is None else Unfit(full, cure=room_cure(output))

    def _unless_cancelled(self, story: StoryMessage, outcome: Outcome) -> Outcome:
        """Return a cancel in place of all that would let a cancelled story go on, or fail."""
        if isinstance(outcome, Succeeded | Cancelled):
            return outcome
        order = self.orders.cancellation(story)
        if order is None:
            return outcome
        if isinstance(outcome, NotDue):
            return Cancelled(order, ran=False)
        return Cancelled(order, True, outcome.project_id, outcome.spent)

    async def _settle(self, key: RunKey, events: RunEvents, outcome: Outcome) -> None:
        outcome = self._unless_cancelled(events.story, outcome)
        status = await publish_outcome(events, outcome, self._publisher, self._settings, self._sleep)
        self.counts[status] += 1
        self._watch.settled(events, outcome, status)
        _log_end(outcome, status)
        self._remember(key)
        await _ack_all(self._in_progress[key].deliveries)

    async def _reject(self, delivery: Delivery, reason: str) -> None:
        """Make a message that is not a story a dead letter."""
        log.warning("story_rejected", error=reason, bytes=len(delivery.body))
        await self._publisher.malformed(delivery.body, reason, STORY_KEY, known_headers(delivery.headers))
        await delivery.ack()

    async def _sleep(self, seconds: float) -> None:
        """Sleep, at most until the worker stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _keys(self, story: StoryMessage) -> LogKeys:
        return log_keys(story, self._settings.worker_name)

    def _remember(self, key: RunKey) -> None:
        self._settled[key] = None
        while len(self._settled) > REMEMBERED_RUNS:
            self._settled.popitem(last=False)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        self._quiet.clear()
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self.broken.done():
            self.broken.set_exception(error)
        if not self.busy:
            self._quiet.set()


def _crash(error: Exception, events: RunEvents) -> FailedForNow:
    failure = Failure(type=type(error).__name__, message=str(error), traceback=format_exc())
    return FailedForNow(failure, None, (utc_now() - events.started_at).total_seconds())


async def _ack_all(deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        await delivery.ack()


def _check_content_type(given: str | None) -> None:
    """Refuse a message of another type than JSON; one without a type may have been written by hand."""
    kind = (given or JSON).split(";")[0].strip().lower()
    if kind != JSON:
        raise MalformedMessageError(f"malformed story message: its content type is {kind[:100]}, not {JSON}")


def _log_end(outcome: Outcome, status: StoryStatus) -> None:
    failure = outcome.failure if isinstance(outcome, FailedForNow | FailedForGood) else None
    log.info(
        "story_ended",
        status=str(status),
        error_type=failure.type if failure else None,
        error=failure.message if failure else None,
        stage=failure.stage if failure else None,
    )
