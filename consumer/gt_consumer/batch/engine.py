"""Runs a batch on one machine: the worker of gt-consume, fed from a queue in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from gt_common.errors import MachineUnfitError
from gt_common.messages import BatchHold, Event, StopRules, StoryCancelled, StoryMessage
from gt_common.messaging.control.notices import notice_of
from gt_common.settings import Settings
from gt_consumer.batch.local_holds import LocalHolds
from gt_consumer.batch.local_queue import LocalDelivery, LocalQueue
from gt_consumer.batch.order_watch import Order
from gt_consumer.batch.orders import cancel_notices
from gt_consumer.batch.publisher import Listener, LocalPublisher
from gt_consumer.batch.stop_rules import RunRules
from gt_consumer.limits import Limiter
from gt_consumer.worker.ports import StoryRunner
from gt_consumer.worker.rest import Rest
from gt_consumer.worker.watch import RunWatch
from gt_consumer.worker.worker import Worker

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger


MOST_RESTS = 4
"""After so many rests in succession, 75 s, a machine that cannot run stories ends the run."""


class RunEnd(Enum):
    """Why a run of a batch ended."""

    FINISHED = auto()
    """Every story is final."""
    STOPPED = auto()
    """It was asked to stop."""
    STOPPED_BY_RULE = auto()
    """A stop rule is met, and stories are left."""


class BatchRunner(StoryRunner, Protocol):
    """A runner whose attempts can be interrupted."""

    async def interrupt(self) -> None: ...


class BatchEngine:
    """Run stories until they are final, `settings.prefetch` of them at the same time.

    Parameters:
        listener: called with each event after it is committed
        limiter: decides when the next story may start, if starts are limited
        rules: stop rules, which decide when no new stories start
        hold: whether the batch is paused when it begins
        watch: is told of every story
    """

    def __init__(
        self,
        settings: Settings,
        runner: BatchRunner,
        ledger: Ledger,
        listener: Listener,
        limiter: Limiter,
        *,
        rules: RunRules | None = None,
        hold: BatchHold | None = None,
        watch: RunWatch | None = None,
    ) -> None:
        self._slots = settings.prefetch
        self._runner = runner
        self.rules = rules or RunRules(None, 0)
        self._listener = listener
        self._wake = asyncio.Event()
        watch = watch or RunWatch()
        self._queue = LocalQueue(self._wake.set, watch.queued)
        self._publisher = LocalPublisher(ledger, self._listen, self._queue.put, watch.committed)
        self._holds = LocalHolds(self._queue.put, hold)
        self._worker = Worker(
            settings, runner, self._publisher, limiter=limiter, display=watch, holds=self._holds, watch=watch
        )
        self._worker.broken.add_done_callback(lambda _: self._wake.set())
        self._worker.rest.on_begin = self._rest
        self._running = 0
        self._stopping = False

    async def run(self, events: Sequence[Event], stories: Iterable[tuple[StoryMessage, float]]) -> RunEnd:
        """Commit events, then run stories; return why the run ended.

        If cancelled, it releases the running stories first, without using up an attempt.

        Parameters:
            events: committed to the ledger together, before the first story is run
            stories: each with the seconds to wait before its run

        Raises:
            LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be written; what was committed
                is kept
        """
        try:
            if events:
                await self._publisher.events(events)
            self.rules.begin()
            self._queue.put_all(stories)
            await self._feed_until_done()
        finally:
            self._queue.close()
            self._worker.rest.end()
            await self._release_running()
            await self._publisher.aclose()
        if self._worker.broken.done():
            self._worker.broken.result()
        return self._run_end()

    def stop(self) -> None:
        """Start no new stories; the running ones finish their attempt."""
        self._stopping = True
        self._worker.stop_starting()
        self._wake.set()

    def obey(self, orders: Sequence[Order]) -> None:
        """Do what operators have ordered: drop or stop cancelled stories, start none of a paused batch.

        Parameters:
            orders: events that the ledger has already, and stop rules that have changed
        """
        cancelled = [event for event in orders if isinstance(event, StoryCancelled)]
        for notice in cancel_notices(cancelled):
            self._worker.obey(notice)
        if cancelled:
            self._queue.drop({(event.story_id, event.generation) for event in cancelled})
        for order in orders:
            if isinstance(order, StopRules):
                self.rules.change(order)
                continue
            if isinstance(order, BatchHold):
                self._worker.obey(notice_of(order))
            self._listener(order)
        self._wake.set()

    async def interrupt(self) -> None:
        """Stop, and release the running stories now, without using up an attempt."""
        self.stop()
        await self._runner.interrupt()

    @property
    def running(self) -> int:
        """How many stories are running."""
        return self._running

    async def _feed_until_done(self) -> None:
        while not self._worker.broken.done():
            self._wake.clear()
            if self._closed():
                # A story that waits for a rate limit would otherwise still start, perhaps hours later.
                self._worker.stop_starting()
            while self._may_start() and (waiting := self._queue.take()) is not None:
                self._running += 1
                self._worker.receive(LocalDelivery(waiting, self._settled))
            if not self._running and (self._closed() or self._queue.empty):
                return
            if not self._running and self._worker.rest.tries > MOST_RESTS:
                raise MachineUnfitError(_say_unfit(self._worker.rest))
            await self._wake.wait()

    def _rest(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._rested)

    def _rested(self) -> None:
        self._worker.rest.end()
        self._wake.set()

    def _settled(self) -> None:
        self._running -= 1
        self._wake.set()

    def _may_start(self) -> bool:
        if self._closed() or self._worker.rest.active or self._holds.paused:
            return False
        return self._running < self._slots

    def _closed(self) -> bool:
        return self._stopping or self.rules.met is not None

    def _listen(self, event: Event) -> None:
        self.rules.take(event)
        self._listener(event)

    async def _release_running(self) -> None:
        """Release stories that are still running, as after a cancellation or a failed commit."""
        if self._worker.busy:
            self._worker.stop_starting()
            await self._runner.interrupt()
            await self._worker.wait_until_quiet()

    def _run_end(self) -> RunEnd:
        if self._queue.empty and not self._running:
            return RunEnd.FINISHED
        return RunEnd.STOPPED if self._stopping else RunEnd.STOPPED_BY_RULE


def _say_unfit(rest: Rest) -> str:
    cure = rest.cure or "gt-doctor shows what this machine has"
    return f"this machine cannot run stories now: {rest.problem}; {cure}"
