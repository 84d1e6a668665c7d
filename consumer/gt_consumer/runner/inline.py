"""Runs Python orchestrators in the caller's own event loop, for programs that want no child processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from gt_common.log import get_logger
from gt_consumer.orchestrator.calling import MakeOne, run_attempt
from gt_consumer.orchestrator.channel import RunPermits, StageReporter
from gt_consumer.processes.costs import Spent, Used, WrongCost
from gt_consumer.processes.protocol import (
    Acquire,
    Failed,
    Message,
    ProjectBegun,
    Run,
    Stage,
    VideoMade,
    Wait,
    Withdraw,
)
from gt_consumer.runner.execution import OnAcquire, OnStage, Result

_log = get_logger("runner")


class InlineExecutor:
    """Runs stories in tasks of the running event loop.

    A run that exceeds its time limit is cancelled; one that blocks the loop cannot be stopped.

    Parameters:
        make_one: returns the orchestrator of an attempt
    """

    resumes = True
    result_roots = None

    def __init__(self, make_one: MakeOne) -> None:
        self._make_one = make_one

    @asynccontextmanager
    async def start(
        self, request: Run, on_stage: OnStage, on_acquire: OnAcquire
    ) -> AsyncIterator[InlineExecution]:
        """Start a run in a task of its own."""
        yield InlineExecution(self._make_one, request, on_stage, on_acquire)

    async def aclose(self) -> None:
        """Return at once: nothing is kept between runs."""


class InlineExecution:
    """One run of an orchestrator in a task of this loop."""

    def __init__(self, make_one: MakeOne, request: Run, on_stage: OnStage, on_acquire: OnAcquire) -> None:
        channel = _LocalChannel(on_stage, on_acquire)
        self.end: asyncio.Future[Result] = channel.end
        self._reporter = StageReporter(channel)
        self._permits = RunPermits(channel)
        self._task = asyncio.create_task(self._run(make_one, request), name=f"story {request.story_id}")

    async def stop(self, grace: float) -> None:
        """Cancel the run and wait at most `grace` seconds for its end."""
        self._reporter.end_soon()
        self._task.cancel()
        _, pending = await asyncio.wait({self._task}, timeout=grace)
        if pending:
            _log.warning("cancellation_ignored", task=self._task.get_name())

    def last_lines(self) -> str:
        """Return nothing: what it prints is the caller's own output."""
        return ""

    async def settled(self) -> None:
        """Return at once: the run has ended with its task."""

    def kill(self) -> None:
        """Cancel the run; within a process, nothing stronger exists."""
        self._reporter.close(None)
        self._task.cancel()

    async def _run(self, make_one: MakeOne, request: Run) -> None:
        final = await run_attempt(make_one, request, self._reporter, self._permits)
        self._permits.close()
        self._reporter.close(final)


class _LocalChannel:
    """Does within one loop what the connection of a child does; any thread may send."""

    def __init__(self, on_stage: OnStage, on_acquire: OnAcquire) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_stage = on_stage
        self._on_acquire = on_acquire
        self._ids = count(1)
        self.end: asyncio.Future[Result] = self._loop.create_future()

    def send(self, *messages: Message) -> None:
        for message in messages:
            self._loop.call_soon_threadsafe(self._take, message)

    def send_project(self, begun: ProjectBegun) -> None:
        """Send the project; it is noted when the run yields to the loop."""
        self.send(begun)

    async def acquire(self, provider: str) -> None:
        number = next(self._ids)
        granted = asyncio.Event()
        self._on_acquire(Acquire(provider, number), lambda _: granted.set())
        try:
            await granted.wait()
        finally:
            self._on_acquire(Withdraw(number), lambda _: None)

    def _take(self, message: Message) -> None:
        match message:
            case Stage() | ProjectBegun() | Spent() | Used() | WrongCost():
                self._on_stage(message)
            case VideoMade() | Failed() | Wait() if not self.end.done():
                self.end.set_result(message)
            case _:
                return
