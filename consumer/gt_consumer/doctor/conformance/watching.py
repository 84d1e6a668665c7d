"""An executor around the orchestrator's own, which records a run and can kill it or have it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gt_consumer.doctor.conformance.record import Heard, RunRecord
from gt_consumer.processes.costs import Spent, Used
from gt_consumer.processes.protocol import Acquire, Report, Run, Stage, VideoMade, Withdraw
from gt_consumer.runner.execution import Execution, Executor, OnAcquire, OnGrant, OnStage, Result


class Blow(StrEnum):
    """How a run is disturbed."""

    KILL = "killed"
    """SIGKILL to its process group, as when the memory is used up."""
    STOP = "stopped"
    """SIGTERM, and SIGKILL after the grace, as when a worker stops."""


@dataclass(frozen=True)
class Disturbance:
    """When and how a run is disturbed.

    Parameters:
        stage: in which stage; None to count from its start
        after: seconds after that stage was reported
    """

    blow: Blow
    stage: str | None
    after: float


class WatchedExecutor:
    """Runs stories as the executor that it wraps does, and records each run.

    Parameters:
        record: what is seen is noted here
        disturbance: when the run is disturbed, and how; None never
        stop: has the runner stop its runs, as a stopping worker does
        tell: called with everything that the run reports
    """

    def __init__(
        self,
        inner: Executor,
        record: RunRecord,
        disturbance: Disturbance | None,
        stop: Callable[[], None],
        tell: Callable[[Heard], None],
    ) -> None:
        self._inner = inner
        self._record = record
        self._disturbance = disturbance
        self._stop = stop
        self._tell = tell
        self._began = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._execution: Execution | None = None

    @property
    def resumes(self) -> bool:
        """Whether it can resume the project that an earlier run began."""
        return self._inner.resumes

    @property
    def result_roots(self) -> Sequence[Path] | None:
        """Folders besides the attempt's own in which its video may lie."""
        return self._inner.result_roots

    @asynccontextmanager
    async def start(self, request: Run, on_stage: OnStage, on_acquire: OnAcquire) -> AsyncIterator[Execution]:
        """Start a run of the wrapped executor.

        Raises:
            NotStartedError: the run could not be started
        """
        record = self._record
        record.request, record.heard, self._began = request, [], self._now()

        def stage(message: Report) -> asyncio.Future[None] | None:
            if not isinstance(message, Spent | Used):
                self._hear(message)
            return on_stage(message)

        def acquire(message: Acquire | Withdraw, on_grant: OnGrant) -> None:
            if isinstance(message, Acquire):
                self._hear(message)
            on_acquire(message, on_grant)

        async with self._inner.start(request, stage, acquire) as execution:
            self._execution = execution
            execution.end.add_done_callback(self._ended)
            if self._disturbance is not None and self._disturbance.stage is None:
                self._arm(self._disturbance)
            try:
                yield execution
            finally:
                self._disarm()

    async def aclose(self) -> None:
        """Free what the wrapped executor keeps between runs."""
        await self._inner.aclose()

    def _hear(self, message: Heard) -> None:
        self._record.heard.append((self._elapsed(), message))
        self._tell(message)
        wanted = self._disturbance
        if wanted and isinstance(message, Stage) and message.stage == wanted.stage and self._timer is None:
            self._arm(wanted)

    def _arm(self, disturbance: Disturbance) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(disturbance.after, self._strike, disturbance.blow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _strike(self, blow: Blow) -> None:
        if self._execution is None or self._execution.end.done():
            return
        self._record.disturbed_at = self._elapsed()
        if blow is Blow.KILL:
            self._execution.kill()
        else:
            self._stop()

    def _ended(self, end: asyncio.Future[Result]) -> None:
        self._record.seconds = self._elapsed()
        result = None if end.cancelled() or end.exception() else end.result()
        self._record.made = result if isinstance(result, VideoMade) else None
        self._disarm()

    def _elapsed(self) -> float:
        return self._now() - self._began

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
