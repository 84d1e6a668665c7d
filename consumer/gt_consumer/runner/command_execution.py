"""Runs `command:` orchestrators: one program per attempt, which reports on its standard output."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from gt_consumer.orchestrator.spec import CommandSpec
from gt_consumer.processes.group import ProcessEnd, ProcessGroup
from gt_consumer.processes.output_log import OutputLog
from gt_consumer.processes.protocol import Failed, Final, ProjectBegun, Run, Stage, VideoMade, parse
from gt_consumer.processes.result_pipe import ResultPipe
from gt_consumer.runner.execution import Died, NotStartedError, OnAcquire, OnStage, Result, Unstartable

TEMPORARY_FAILURE = 75
"""EX_TEMPFAIL of sysexits.h: try again later."""

_MESSAGE_LINES = 5
_MOST_RESULTS = 2
_SECOND = (
    'the program printed more than one line {"output_path": …}, so one may be text of the story; '
    "print one, or write it to the descriptor whose number is in GT_RESULT_FD"
)


class CommandExecutor:
    """Starts the program of a `command:` orchestrator.

    A program resumes a project if one of its arguments has `{project_id}`; it cannot ask for a permit of a
    provider.

    Parameters:
        result_roots: folders besides the attempt's own in which its video may lie; a program may print the
            story's text, so the line that names the video may be the story's
    """

    def __init__(self, spec: CommandSpec, result_roots: Sequence[Path] = ()) -> None:
        self._spec = spec
        self.resumes = spec.takes_project
        self.result_roots: Sequence[Path] | None = tuple(result_roots)

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
    """One run of a program; the only `output_path` line that it prints counts.

    A line on the descriptor GT_RESULT_FD takes precedence over those on standard output. So does a project,
    of which else the first counts: a later line may be text of the story.
    """

    def __init__(self, spec: CommandSpec, on_stage: OnStage) -> None:
        self._program = spec.program
        self._on_stage = on_stage
        self._output = OutputLog()
        self._output.begin()
        self._printed: list[VideoMade] = []
        self._handed_over: list[VideoMade] = []
        self._named: set[bool] = set()
        self._group: ProcessGroup
        self._results: ResultPipe
        self.end: asyncio.Future[Result]

    @classmethod
    async def start(cls, spec: CommandSpec, request: Run, on_stage: OnStage) -> CommandExecution:
        """Start the program in the attempt's folder.

        Its environment has the story's options as JSON in GT_STORY_OPTIONS, and in GT_RESULT_FD the number of
        a descriptor for its messages.

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
            "project_id": request.project_id or "",
        }
        workdir = Path(request.workdir)
        execution._results = await ResultPipe.open(execution._take_result)
        try:
            execution._group = await ProcessGroup.start(
                spec.fill(values),
                stdout=execution._take,
                stderr=execution._output.stderr,
                fds=[execution._results.writer],
                cwd=workdir,
                env={
                    "GT_STORY_OPTIONS": json.dumps(request.options),
                    "GT_RESULT_FD": str(execution._results.writer),
                },
            )
        except BaseException:
            execution._results.close()
            raise
        finally:
            execution._results.close_writer()
        execution.end = asyncio.create_task(execution._follow(workdir))
        return execution

    async def stop(self, grace: float) -> None:
        """Terminate the program's group, kill it after `grace` seconds, and wait for its end."""
        await self._group.stop(grace)
        await asyncio.wait({self.end})

    def last_lines(self) -> str:
        """Return the last lines that it printed for this story."""
        return self._output.last_lines()

    def kill(self) -> None:
        """Kill the program's group at once."""
        self._group.kill()

    def _take(self, line: bytes) -> None:
        self._read(line, self._printed)

    def _take_result(self, line: bytes) -> None:
        self._read(line, self._handed_over)

    def _read(self, line: bytes, results: list[VideoMade]) -> None:
        match parse(line):
            case Stage() as stage:
                self._on_stage(stage)
            case VideoMade() as made:
                if len(results) < _MOST_RESULTS:
                    results.append(made)
            case ProjectBegun(str()) as begun:
                self._take_project(begun, handed_over=results is self._handed_over)
            case _:
                self._output.stdout(line)

    def _take_project(self, begun: ProjectBegun, *, handed_over: bool) -> None:
        if handed_over not in self._named and True not in self._named:
            self._named.add(handed_over)
            self._on_stage(begun)

    async def _follow(self, workdir: Path) -> Result:
        end = await self._group.end
        await self._results.drain()
        self._output.close()
        if end.start_error is not None:
            text = f"the program {self._program!r} {end.describe()}"
            return Unstartable(text)
        if end.signal is not None:
            return Died(end, self._output.tail())
        if end.exit_code == 0:
            return self._success(workdir)
        kind = "TemporaryFailure" if end.exit_code == TEMPORARY_FAILURE else "CommandFailed"
        return Failed(kind, self._reason(end), traceback=self._output.tail() or None)

    def _success(self, workdir: Path) -> Final:
        results = self._handed_over or self._printed
        if not results:
            text = 'the program ended with exit code 0 but printed no line {"output_path": …}'
            return Failed("NoVideo", text, traceback=self._output.tail() or None)
        if len(results) > 1:
            return Failed("SecondResult", _SECOND, retryable=False)
        made = results[0]
        return VideoMade(str(workdir / made.output_path), made.duration, made.project_id)

    def _reason(self, end: ProcessEnd) -> str:
        lines = self._output.tail(_MESSAGE_LINES)
        return lines or f"the program {end.describe()} and wrote nothing to standard error"
