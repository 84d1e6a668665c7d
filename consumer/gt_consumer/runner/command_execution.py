"""Runs `command:` orchestrators: one program per attempt, which reports on its standard output."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final as Const

from gt_common.errors import GossipToonError
from gt_consumer.orchestrator.results import read_exception
from gt_consumer.orchestrator.spec import CommandSpec
from gt_consumer.processes.error_lines import error_lines
from gt_consumer.processes.group import ProcessEnd, ProcessGroup
from gt_consumer.processes.output_log import OutputLog
from gt_consumer.processes.protocol import Failed, Final, Run, VideoMade
from gt_consumer.processes.result_pipe import ResultPipe
from gt_consumer.runner.command_output import CommandOutput
from gt_consumer.runner.execution import Died, NotStartedError, OnAcquire, OnStage, Result, Unstartable
from gt_consumer.runner.story_files import StoryFiles, StoryTexts, longest_argument, write_story_files
from gt_consumer.storage.new_videos import find_empty_videos, find_videos

TEMPORARY_FAILURE = 75
"""EX_TEMPFAIL of sysexits.h: try again later."""

_MESSAGE_LINES = 5
_SECOND = (
    'the program printed more than one {"output_path": …}, so one may be text of the story; '
    "print one, or write it to the descriptor whose number is in GT_RESULT_FD"
)
_TOO_LONG: Const = "ArgumentsTooLong"


class CommandExecutor:
    """Starts the program of a `command:` orchestrator.

    A program resumes a project if one of its arguments has `{project_id}`; it cannot ask for a permit of a
    provider.

    Parameters:
        result_roots: folders besides the attempt's own in which its video may lie; a program may print the
            story's text, so the line that names the video may be the story's
        cwd: the folder in which it runs; by default that of the attempt
        stage_pattern: finds stages in what it prints
    """

    def __init__(
        self,
        spec: CommandSpec,
        result_roots: Sequence[Path] = (),
        *,
        cwd: Path | None = None,
        stage_pattern: re.Pattern[str] | None = None,
    ) -> None:
        self.spec = spec
        self.resumes = spec.takes_project
        self.result_roots: Sequence[Path] | None = tuple(result_roots)
        self.cwd = cwd
        self.stage_pattern = stage_pattern
        self.texts = StoryTexts()

    @asynccontextmanager
    async def start(
        self, request: Run, on_stage: OnStage, _on_acquire: OnAcquire
    ) -> AsyncIterator[CommandExecution]:
        """Begin a run; its end raises NotStartedError if the program cannot be started."""
        yield CommandExecution(self, request, on_stage)

    async def aclose(self) -> None:
        """Return at once: nothing is kept between runs."""


class CommandExecution:
    """One run: the files of the story are written, then the program is started in its folder.

    Its environment has in GT_STORY_FILE the path of `story.json`, in GT_STORY_OPTIONS the story's options as
    JSON, if they are not too long for a variable, and in GT_RESULT_FD the number of a descriptor for its
    messages.
    """

    def __init__(self, executor: CommandExecutor, request: Run, on_stage: OnStage) -> None:
        self._executor = executor
        self._request = request
        self._output = CommandOutput(on_stage, executor.stage_pattern)
        self._group: ProcessGroup | None = None
        self._stopped = False
        self.end: asyncio.Future[Result] = asyncio.create_task(self._run())

    async def stop(self, grace: float) -> None:
        """Terminate the program's group, kill it after `grace` seconds, and wait for its end."""
        self._stopped = True
        if self._group is None:
            self.end.cancel()
        else:
            await self._group.stop(grace)
        await asyncio.wait({self.end})
        if not self.end.cancelled():
            self.end.exception()  # of a program that could not be started: nobody asks for it any more

    def last_lines(self) -> str:
        """Return the last lines that it printed for this story."""
        return self._output.log.last_lines()

    async def settled(self) -> None:
        """Return at once: the program's group has ended with it."""

    def kill(self) -> None:
        """Kill the program's group at once."""
        if self._group is None:
            self.end.cancel()
        else:
            self._group.kill()

    async def _run(self) -> Result:
        try:
            files = await write_story_files(self._request, self._executor.spec, self._executor.texts)
        except (GossipToonError, OSError, ValueError) as error:
            ended = read_exception(error)
            if isinstance(ended, Failed):
                raise NotStartedError(ended.message, retryable=ended.retryable, kind=ended.type) from error
            return ended
        self._group, pipe = await self._start(files)
        end = await self._group.end
        await pipe.drain()
        self._output.close()
        return await self._conclude(end)

    async def _start(self, files: StoryFiles) -> tuple[ProcessGroup, ResultPipe]:
        """Start the program, and return it with the pipe of its messages.

        Raises:
            NotStartedError: its arguments cannot be passed to a process, or no process can be started
        """
        spec = self._executor.spec
        filled: list[str] = []
        try:
            filled = spec.fill(files.values)
            pipe = await ResultPipe.open(self._output.result)
            try:
                group = await ProcessGroup.start(
                    filled,
                    stdout=self._output.stdout,
                    stderr=self._output.stderr,
                    fds=[pipe.writer],
                    cwd=self._cwd,
                    env=files.environment | {"GT_RESULT_FD": str(pipe.writer)},
                )
            except BaseException:
                pipe.close()
                raise
            finally:
                pipe.close_writer()
        except ValueError as error:
            raise NotStartedError(f"cannot be started: {error}", retryable=False) from error
        except OSError as error:
            if error.errno == errno.E2BIG:
                raise NotStartedError(_too_long(spec, filled), retryable=False, kind=_TOO_LONG) from error
            raise NotStartedError(f"no process can be started: {error}", retryable=True) from error
        return group, pipe

    @property
    def _cwd(self) -> Path:
        return self._executor.cwd or Path(self._request.workdir)

    async def _conclude(self, end: ProcessEnd) -> Result:
        log = self._output.log
        if end.start_error == os.strerror(errno.E2BIG):
            return Failed(_TOO_LONG, _too_long(self._executor.spec, ()), retryable=False)
        if end.start_error is not None:
            return Unstartable(f"the program {self._executor.spec.program!r} {end.describe()}")
        if end.signal is not None:
            return Died(end, log.tail())
        if end.exit_code == 0:
            return await self._success()
        kind = "TemporaryFailure" if end.exit_code == TEMPORARY_FAILURE else "CommandFailed"
        reason = "\n".join(error_lines(log.tail().split("\n"), _MESSAGE_LINES)) or _silent(end, log)
        return Failed(kind, reason, traceback=log.tail() or None)

    async def _success(self) -> Final:
        results = self._output.results
        if not results and self._stopped:
            return Failed("Stopped", "the program was stopped and named no video, which may be half of one")
        if not results:
            return await self._find_video()
        if len(results) > 1:
            return Failed("SecondResult", _SECOND, retryable=False)
        made = results[0]
        return VideoMade(str(self._cwd / made.output_path), made.duration, made.project_id)

    async def _find_video(self) -> Final:
        """Return the only video in the working folder, of a program that named none."""
        workdir = Path(self._request.workdir)
        videos = await asyncio.to_thread(find_videos, workdir)
        if len(videos) == 1:
            return VideoMade(str(videos[0]))
        if videos:
            names = ", ".join(str(path.relative_to(workdir)) for path in videos[:_MESSAGE_LINES])
            more = f" and {len(videos) - _MESSAGE_LINES} more" if len(videos) > _MESSAGE_LINES else ""
            text = f"the program left {len(videos)} videos in its working folder, so the result is unclear: "
            cure = '; remove the others, or print {"output_path": …} for one'
            return Failed("SeveralVideos", f"{text}{names}{more}{cure}", retryable=False)
        text = (
            'the program ended with exit code 0 but printed no line {"output_path": …} '
            "and left no video in its working folder {workdir}"
        )
        if empty := await asyncio.to_thread(find_empty_videos, workdir):
            text += f": {empty[0].name} is empty"
        return Failed("NoVideo", text, traceback=self._output.log.tail() or None)


def _silent(end: ProcessEnd, log: OutputLog) -> str:
    """Return the reason of a program that failed and wrote nothing to standard error."""
    last = log.last_lines().rpartition("\n")[2]
    printed = f"; it printed: {last}" if last else ""
    return f"the program {end.describe()} and wrote nothing to standard error{printed}"


def _too_long(spec: CommandSpec, filled: Sequence[str]) -> str:
    return (
        "the program cannot be started, because its arguments are too long for this system "
        f"(the longest is {longest_argument(spec, filled)}); let it read {{workdir}}/story.json instead"
    )
