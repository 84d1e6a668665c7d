"""The worker: takes deliveries, keeps slots, runs each story in a task of its own, settles last."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from traceback import format_exc
from typing import Protocol

from gt_common.errors import MalformedMessageError
from gt_common.failures import Failure
from gt_common.lifecycle import StoryStatus
from gt_common.log import get_logger, log_context
from gt_common.messages import LogKeys, StoryMessage, decode_story, header_log_keys, log_keys, utc_now
from gt_common.messaging.dead_letters import known_headers
from gt_common.messaging.names import STORY_KEY
from gt_common.rates import STORIES
from gt_common.settings import Settings
from gt_consumer.limits import Limiter
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome, Waiting
from gt_consumer.worker.reporter import _Reporter
from gt_consumer.worker.retry_rules import make_policy
from gt_consumer.worker.run_events import Attempt
from gt_consumer.worker.settle import Outlet, publish_outcome

log = get_logger("worker")

Key = tuple[str, str, int, int, int]
OnStage = Callable[[str, float | None], None]

REMEMBERED = 500
TOO_SOON_S = 1.0
JSON = "application/json"


class Settleable(Protocol):
    """The part of a delivery that the worker needs."""

    body: bytes
    headers: Mapping[str, object]
    content_type: str | None
    delivery_count: int

    async def ack(self) -> bool: ...


class StoryRunner(Protocol):
    """What runs one attempt of one story; `gt_consumer.runner.runner.Runner` does."""

    async def run(self, story: StoryMessage, attempt: int, on_stage: OnStage) -> Outcome: ...


class Starts(Protocol):
    """Knows which stories began, where some wait for their start in a worker's hands."""

    async def record_start(self, story: StoryMessage) -> None: ...

    def count_starts(self, story: StoryMessage) -> int: ...


class WorkerOutlet(Outlet, Protocol):
    """The part of a publisher that the worker needs."""

    async def malformed(
        self, body: bytes, reason: str, key: str, headers: Mapping[str, str | int] | None = None
    ) -> None: ...


@dataclass
class _Held:
    """A story that runs here, and every delivery of it: a redelivery adopts the run in progress."""

    deliveries: list[Settleable]
    task: asyncio.Task[None]


class Worker:
    """Runs stories as they are delivered.

    Parameters:
        settings: slots (`prefetch`), attempts and delays, name, and whether starts of stories are limited
        limiter: says when the next story may start, if starts are limited
        starts: told of each start then; without it each delivery counts as one

    Raises:
        UsageError: GT_RETRY_RULES cannot be used
    """

    def __init__(
        self,
        settings: Settings,
        runner: StoryRunner,
        outlet: WorkerOutlet,
        *,
        limiter: Limiter | None = None,
        starts: Starts | None = None,
    ) -> None:
        self._settings = settings
        self._policy = make_policy(settings)
        self._runner = runner
        self._outlet = outlet
        limited = any(rate.provider == STORIES for rate in settings.rate_limits)
        self._turns = limiter if limited else None
        self._starts = starts if limited else None
        self._slots = asyncio.Semaphore(settings.prefetch)
        self._held: dict[Key, _Held] = {}
        self._settled: OrderedDict[Key, None] = OrderedDict()
        self._others: set[asyncio.Task[None]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._stop = asyncio.Event()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.counts: Counter[StoryStatus] = Counter()

    @property
    def busy(self) -> bool:
        """Whether any delivery is not settled yet."""
        return bool(self._held or self._others)

    def stop_starting(self) -> None:
        """From now on give back what is delivered and what has not begun."""
        self._stop.set()

    def receive(self, delivery: Settleable) -> None:
        """Take a delivery; called in the event loop, returns at once."""
        try:
            _check_content_type(delivery.content_type)
            story = decode_story(delivery.body)
        except MalformedMessageError as error:
            with log_context(header_log_keys(delivery.headers, self._settings.worker_name)):
                self._spawn(self._put_aside(delivery, str(error)))
            return
        with log_context(self._keys(story)):
            self._take(story, delivery)

    def _take(self, story: StoryMessage, delivery: Settleable) -> None:
        key = (story.batch_id, story.story_id, story.generation, story.attempt, story.run)
        held = self._held.get(key)
        if held is not None:
            log.info("run_adopted", delivery_count=delivery.delivery_count)
            held.deliveries.append(delivery)
        elif key in self._settled:
            self._spawn(self._ack_all([delivery]))
        else:
            task = self._spawn(self._work(key, story, delivery.delivery_count))
            self._held[key] = _Held([delivery], task)

    def _keys(self, story: StoryMessage) -> LogKeys:
        return log_keys(story, self._settings.worker_name)

    async def wait_until_quiet(self) -> None:
        """Wait until every delivery at hand is settled."""
        await self._quiet.wait()

    async def _work(self, key: Key, delivered: StoryMessage, losses: int) -> None:
        try:
            async with self._slots:
                await self._wait_for_start(self._charged(delivered, losses))
                # Charged again: what others tell of their starts may have come meanwhile.
                story = self._charged(delivered, losses)
                attempt = Attempt(story, self._settings.worker_name, utc_now())
                with log_context(self._keys(story)):
                    if self._starts is not None and self._may_run(story):
                        await self._starts.record_start(delivered)
                    outcome = await self._run(attempt)
            with log_context(self._keys(story)):
                await self._settle(key, attempt, outcome)
        finally:
            del self._held[key]

    async def _settle(self, key: Key, attempt: Attempt, outcome: Outcome) -> None:
        status = await publish_outcome(attempt, outcome, self._outlet, self._settings, self._rest)
        self.counts[status] += 1
        _log_end(outcome, status)
        self._remember(key)
        await self._ack_all(self._held[key].deliveries)

    def _charged(self, story: StoryMessage, losses: int) -> StoryMessage:
        """Give a delivered story with an attempt spent for each worker that was lost while it ran the story.

        Parameters:
            losses: workers that were lost while they had it
        """
        if self._starts is not None and losses:
            losses = min(losses, self._starts.count_starts(story))
        return story.charged(losses)

    def _may_run(self, story: StoryMessage) -> bool:
        """Tell whether a story is to be run now, and not given back, put off or buried."""
        late = story.attempt > self._settings.max_attempts
        return not self._stop.is_set() and not late and _too_soon(story) is None

    async def _wait_for_start(self, story: StoryMessage) -> None:
        """Keep the slot until a story may start, or the worker stops; till then the story stays queued."""
        if self._turns is None or not self._may_run(story):
            return
        waits = [
            asyncio.ensure_future(self._turns.acquire(STORIES)),
            asyncio.ensure_future(self._stop.wait()),
        ]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            for wait in waits:
                wait.cancel()

    async def _run(self, attempt: Attempt) -> Outcome:
        story = attempt.story
        if self._stop.is_set():
            return Interrupted()
        if story.attempt > self._settings.max_attempts:
            return FailedForGood(_lost_workers(story), None, 0.0)
        if (put_off := _too_soon(story)) is not None:
            return put_off
        outcome = await self._attempt(attempt)
        judged = self._policy.judge(story, outcome)
        if isinstance(judged, Waiting) and isinstance(outcome, FailedForNow | FailedForGood):
            failure = outcome.failure
            log.info("rate_limit_recognised", error_type=failure.type, error=failure.message)
        return judged

    async def _attempt(self, attempt: Attempt) -> Outcome:
        story = attempt.story
        log.info("story_started", url=story.url)
        async with _Reporter(attempt, self._outlet) as reporter:
            try:
                return await self._runner.run(story, story.attempt, reporter.stage)
            except Exception as error:
                log.exception("runner_failed")
                failure = Failure(type=type(error).__name__, message=str(error), traceback=format_exc())
                return FailedForNow(failure, None, (utc_now() - attempt.started_at).total_seconds())

    async def _rest(self, seconds: float) -> None:
        """Wait, but not into the worker's stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _put_aside(self, delivery: Settleable, reason: str) -> None:
        log.warning("story_rejected", error=reason, bytes=len(delivery.body))
        await self._outlet.malformed(delivery.body, reason, STORY_KEY, known_headers(delivery.headers))
        await delivery.ack()

    async def _ack_all(self, deliveries: list[Settleable]) -> None:
        for delivery in deliveries:
            await delivery.ack()

    def _remember(self, key: Key) -> None:
        self._settled[key] = None
        while len(self._settled) > REMEMBERED:
            self._settled.popitem(last=False)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._others.add(task)
        self._quiet.clear()
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._others.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self.broken.done():
            self.broken.set_exception(error)
        if not self.busy:
            self._quiet.set()


def _check_content_type(given: str | None) -> None:
    """Refuse what is not said to be JSON; what is said to be nothing may be written by hand."""
    kind = (given or JSON).split(";")[0].strip().lower()
    if kind != JSON:
        raise MalformedMessageError(f"malformed story message: its content type is {kind[:100]}, not {JSON}")


def _too_soon(story: StoryMessage) -> Waiting | None:
    """Tell that a story came before the time for which a provider asked: no wait queue was long enough."""
    if story.not_before is None:
        return None
    seconds = (story.not_before - utc_now()).total_seconds()
    return Waiting(story.waits_for or "provider", seconds) if seconds > TOO_SOON_S else None


def _lost_workers(story: StoryMessage) -> Failure:
    message = "each worker that had the story was lost: killed, out of memory or cut off from the broker"
    return Failure(type="WorkerLost", message=f"{message} (attempt {story.attempt - 1} was the last allowed)")


def _log_end(outcome: Outcome, status: StoryStatus) -> None:
    failure = outcome.failure if isinstance(outcome, FailedForNow | FailedForGood) else None
    log.info(
        "story_ended",
        status=str(status),
        error_type=failure.type if failure else None,
        error=failure.message if failure else None,
        stage=failure.stage if failure else None,
    )
