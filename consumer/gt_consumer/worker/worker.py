"""The worker: receives deliveries, runs each story in a task of its own, and settles it last."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from traceback import format_exc

from gt_common.errors import MalformedMessageError
from gt_common.failures import Failure
from gt_common.lifecycle import StoryStatus
from gt_common.log import get_logger, log_context
from gt_common.messages import LogKeys, StoryMessage, decode_story, header_log_keys, log_keys, utc_now
from gt_common.messaging.dead_letters import known_headers, was_dead_letter
from gt_common.messaging.names import STORY_KEY
from gt_common.settings import Settings
from gt_consumer.limits import Limiter
from gt_consumer.processes.machine import machine_problem
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome, Unfit, Waiting
from gt_consumer.worker.admission import Admission
from gt_consumer.worker.moved_letters import replay_moved_letter
from gt_consumer.worker.ports import Delivery, Starts, StoryRunner, WorkerPublisher
from gt_consumer.worker.progress import ProgressReporter
from gt_consumer.worker.rest import Rest
from gt_consumer.worker.retry_rules import make_policy
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.settle import publish_outcome

log = get_logger("worker")

RunKey = tuple[str, str, int, int, int]

REMEMBERED_RUNS = 500
JSON = "application/json"


@dataclass
class _InProgress:
    """A run and all deliveries of it: a redelivery joins the run instead of starting another."""

    deliveries: list[Delivery]
    task: asyncio.Task[None]


class Worker:
    """Runs stories as they are delivered.

    Parameters:
        settings: slots (`prefetch`), attempts and delays, name, and whether starts of stories are limited
        limiter: grants the starts of stories, if they are limited
        starts: counts starts then; without it each delivery counts as one

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
    ) -> None:
        self._settings = settings
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
        self._admission = Admission(settings, self._stop, limiter, starts, self.rest)
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.counts: Counter[StoryStatus] = Counter()

    @property
    def busy(self) -> bool:
        """Whether a delivery is not settled yet."""
        return bool(self._in_progress or self._tasks)

    def stop_starting(self) -> None:
        """From now on requeue what is delivered and what has not started."""
        self._stop.set()

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
                self._spawn(replay_moved_letter(delivery, self._publisher))
            else:
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
            task = self._spawn(self._process(key, story, delivery.delivery_count))
            self._in_progress[key] = _InProgress([delivery], task)

    async def _process(self, key: RunKey, delivered: StoryMessage, losses: int) -> None:
        """Run a story, publish its outcome, and only then acknowledge its deliveries."""
        try:
            async with self._slots:
                story = await self._admission.wait(delivered, losses)
                events = RunEvents(story, self._settings.worker_name, utc_now())
                with log_context(self._keys(story)):
                    await self._admission.record_start(delivered, story)
                    outcome = self._admission.refusal(story) or await self._run(events)
            with log_context(self._keys(story)):
                await self._settle(key, events, outcome)
        finally:
            del self._in_progress[key]

    async def _run(self, events: RunEvents) -> Outcome:
        story = events.story
        log.info("story_started", url=story.url)
        async with ProgressReporter(events, self._publisher) as progress:
            try:
                outcome = await self._runner.run(story, story.attempt, progress.stage, progress.project)
            except Exception as error:
                problem = machine_problem(error)
                if problem is None:
                    log.exception("runner_failed")
                outcome = Unfit(problem) if problem else _crash(error, events)
        judged = self._policy.judge(story, outcome)
        if isinstance(outcome, Unfit):
            self.rest.begin(outcome.problem)
        elif not isinstance(outcome, Interrupted):
            self.rest.recovered()
        if isinstance(judged, Waiting) and isinstance(outcome, FailedForNow | FailedForGood):
            failure = outcome.failure
            log.info("rate_limit_recognised", error_type=failure.type, error=failure.message)
        return judged

    async def _settle(self, key: RunKey, events: RunEvents, outcome: Outcome) -> None:
        status = await publish_outcome(events, outcome, self._publisher, self._settings, self._sleep)
        self.counts[status] += 1
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
