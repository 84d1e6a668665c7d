"""Runs `command:` orchestrators: one program per attempt, which reports on its standard output."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gt_consumer.orchestrator.spec import CommandSpec
from gt_consumer.processes.group import ProcessEnd, ProcessGroup
from gt_consumer.processes.output_log import OutputLog
from gt_consumer.processes.protocol import Failed, Final, Run, Stage, VideoMade, parse
from gt_consumer.runner.execution import Died, NotStartedError, OnAcquire, OnStage

TEMPORARY_FAILURE = 75
"""EX_TEMPFAIL of sysexits.h: try again later."""

_MESSAGE_LINES = 5


class CommandExecutor:
    """Starts the program of a `command:` orchestrator.

    A program cannot resume a project and cannot ask for a permit of a provider.
    """

    resumes = False

    def __init__(self, spec: CommandSpec) -> None:
        self._spec = spec

    @asynccontextmanager
    async def start(
        self, request: Run, on_stage: OnStage, _on_acquire: OnAcquire
    ) -> AsyncIterator[CommandExecution]:
        """Start the program in the attempt's folder.

        Raises:
            NotStartedError: its arguments cannot be passed to a process, or no process can be started
        """
        try:
            execution = await CommandExecution.start(self._spec, request, on_stage)
        except ValueError as error:
            raise NotStartedError(f"cannot be started: {error}", retryable=False) from error
        except OSError as error:
            raise NotStartedError(f"no process can be started: {error}", retryable=True) from error
        yield execution

    async def aclose(self) -> None:
        """Return at once: nothing is kept between runs."""


class CommandExecution:
    """One run of a program; the last `output_path` line that it prints counts."""

    def __init__(self, spec: CommandSpec, on_stage: OnStage) -> None:
        self._program = spec.program
        self._on_stage = on_stage
        self._output = OutputLog()
        self._output.begin()
        self._made: VideoMade | None = None
        self._group: ProcessGroup
        self.end: asyncio.Future[Final | Died]

    @classmethod
    async def start(cls, spec: CommandSpec, request: Run, on_stage: OnStage) -> CommandExecution:
        """Start the program in the attempt's folder; the story's options are in GT_STORY_OPTIONS, as JSON.

        Raises:
            OSError: no process can be started
            ValueError: its arguments cannot be passed to a process
        """
        execution = cls(spec, on_stage)
        values = {
            "url": request.url,
            "workdir": request.workdir,
            "story_id": request.story_id,
            "batch_id": request.batch_id,
            "attempt": str(request.attempt),
        }
        workdir = Path(request.workdir)
        execution._group = await ProcessGroup.start(
            spec.fill(values),
            stdout=execution._take,
            stderr=execution._output.stderr,
            cwd=workdir,
            env={"GT_STORY_OPTIONS": json.dumps(request.options)},
        )
        execution.end = asyncio.create_task(execution._follow(workdir))
        return execution

    async def stop(self, grace: float) -> None:
        """Terminate the program's group, kill it after `grace` seconds, and wait for its end."""
        await self._group.stop(grace)
        await asyncio.wait({self.end})

    def kill(self) -> None:
        """Kill the program's group at once."""
        self._group.kill()

    def _take(self, line: bytes) -> None:
        match parse(line):
            case Stage() as stage:
                self._on_stage(stage)
            case VideoMade() as made:
                self._made = made
            case _:
                self._output.stdout(line)

    async def _follow(self, workdir: Path) -> Final | Died:
        end = await self._group.end
        self._output.close()
        if end.start_error is not None:
            text = f"the program {self._program!r} {end.describe()}"
            return Failed("OrchestratorError", text, retryable=False)
        if end.signal is not None:
            return Died(end, self._output.tail())
        if end.exit_code == 0:
            return self._success(workdir)
        kind = "TemporaryFailure" if end.exit_code == TEMPORARY_FAILURE else "CommandFailed"
        return Failed(kind, self._reason(end), traceback=self._output.tail() or None)

    def _success(self, workdir: Path) -> Final:
        if self._made is None:
            text = 'the program ended with exit code 0 but printed no line {"output_path": …}'
            return Failed("NoVideo", text, traceback=self._output.tail() or None)
        path = workdir / self._made.output_path
        return VideoMade(str(path), self._made.duration, self._made.project_id)

    def _reason(self, end: ProcessEnd) -> str:
        lines = self._output.tail(_MESSAGE_LINES)
        return lines or f"the program {end.describe()} and wrote nothing to standard error"
