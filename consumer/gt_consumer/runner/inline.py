"""Runs Python orchestrators in the caller's own event loop: the runner of programs that want no processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final as Const

from gt_common.log import get_logger
from gt_common.settings import Settings
from gt_consumer.limits import Limiter
from gt_consumer.orchestrator.calling import MakeOne, run_attempt
from gt_consumer.orchestrator.channel import StageReporter, Turns
from gt_consumer.orchestrator.spec import PythonSpec
from gt_consumer.processes.protocol import Acquire, Failed, Final, Made, Message, Run, Stage, Wait, Withdraw
from gt_consumer.runner.attempt import Attempt
from gt_consumer.runner.conclude import conclude
from gt_consumer.runner.execution import Died, supervise
from gt_consumer.runner.outcomes import Outcome
from gt_consumer.runner.runner import Runner, request_of
from gt_consumer.runner.time_limit import TimeLimit
from gt_consumer.runner.waits import Waits
from gt_consumer.storage.checkpoints import noted_project

_NOWHERE: Const = PythonSpec("")
_log = get_logger("runner")


class InlineRunner(Runner):
    """Runs attempts as the process runner does, but in tasks of this loop.

    An attempt over its time limit is cancelled; one that blocks the loop cannot be stopped.

    Parameters:
        make_one: gives the orchestrator of an attempt
        force: make videos again that lie in the output folder
    """

    def __init__(self, make_one: MakeOne, settings: Settings, limiter: Limiter, *, force: bool) -> None:
        super().__init__(
            _NOWHERE,
            settings.output.absolute(),
            settings.state_dir,
            settings.time_limit,
            reuse_finished=not force,
            limiter=limiter,
        )
        self._make_one = make_one

    async def _run_python(self, attempt: Attempt, workdir: Path) -> Outcome:
        attempt.project_id = await asyncio.to_thread(noted_project, self._places.state_dir, attempt.story)
        limit = TimeLimit(self._time_limit - attempt.seconds)
        waits = Waits(self._limiter, limit, attempt.show_wait)
        try:
            request = request_of(attempt, workdir)
            execution = InlineExecution(self._make_one, request, attempt.report, waits)
            end = await supervise(execution, attempt.stop, limit, self._grace)
        finally:
            waits.close()
            limit.close()
        return await conclude(end, attempt, self._places, workdir, self._time_limit)


class InlineExecution:
    """One run of an orchestrator in a task of this loop."""

    def __init__(
        self, make_one: MakeOne, request: Run, on_stage: Callable[[Stage], None], waits: Waits
    ) -> None:
        line = _Line(on_stage, waits)
        self.end: asyncio.Future[Final | Died] = line.end
        self._reporter = StageReporter(line)
        self._turns = Turns(line)
        self._task = asyncio.create_task(self._run(make_one, request), name=f"story {request.story_id}")

    async def stop(self, grace: float) -> None:
        """Cancel the run and wait for it, so many seconds at most."""
        self._reporter.close(None)
        self._task.cancel()
        _, pending = await asyncio.wait({self._task}, timeout=grace)
        if pending:
            _log.warning("a cancelled orchestrator goes on", task=self._task.get_name())

    def kill(self) -> None:
        """Cancel the run; more cannot be done within a process."""
        self._reporter.close(None)
        self._task.cancel()

    async def _run(self, make_one: MakeOne, request: Run) -> None:
        final = await run_attempt(make_one, request, self._reporter, self._turns)
        self._turns.close()
        self._reporter.close(final)


class _Line:
    """What a child's connection is to its worker, within one loop; any thread may send."""

    def __init__(self, on_stage: Callable[[Stage], None], waits: Waits) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_stage = on_stage
        self._waits = waits
        self._ids = count(1)
        self.end: asyncio.Future[Final | Died] = self._loop.create_future()

    def send(self, message: Message) -> None:
        self._loop.call_soon_threadsafe(self._take, message)

    async def acquire(self, provider: str) -> None:
        number = next(self._ids)
        granted = asyncio.Event()
        self._waits.take(Acquire(provider, number), lambda _: granted.set())
        try:
            await granted.wait()
        finally:
            self._waits.take(Withdraw(number), lambda _: None)

    def _take(self, message: Message) -> None:
        match message:
            case Stage():
                self._on_stage(message)
            case Made() | Failed() | Wait() if not self.end.done():
                self.end.set_result(message)
            case _:
                return
