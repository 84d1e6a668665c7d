"""Runs one attempt of one story, from its working folder to its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

from gt_common.errors import PermanentError
from gt_common.log import get_logger, log_context
from gt_common.messages import StoryMessage, log_keys, made_from, utc_now
from gt_common.stories.local import check_story_file
from gt_consumer.limits import LONGEST_PAUSE_S, Limiter
from gt_consumer.limits.local import LocalLimiter
from gt_consumer.processes.machine import machine_problem
from gt_consumer.processes.protocol import Failed, Run
from gt_consumer.runner.attempt import Attempt, OnStage, Places
from gt_consumer.runner.conclude import conclude
from gt_consumer.runner.execution import GRACE_SECONDS, Died, Executor, NotStartedError, TimeLimit, supervise
from gt_consumer.runner.outcomes import Interrupted, Outcome, Succeeded, Unfit, Waiting
from gt_consumer.runner.project import OnProject, Project
from gt_consumer.runner.waits import Waits
from gt_consumer.storage.checkpoints import remove_checkpoint
from gt_consumer.storage.finished_videos import find_finished
from gt_consumer.storage.workdirs import make_workdir, remove_stale_workdirs, remove_workdir

_OUTPUT_SECONDS = 0.02

_log = get_logger("runner")


class Runner:
    """Runs attempts, any number of them at the same time.

    Parameters:
        executor: what runs the stories
        output: folder of finished videos, in which the projects that runs have begun are noted
        time_limit: seconds that one attempt may take, not counting its waits for a rate limit
        grace: seconds between asking a run to end and forcing it
        reuse_finished: whether a story whose video exists is reported as made and not made again
        limiter: grants calls to providers; without one there are pauses but no limits
        story_roots: folders below which story files may be read
        orchestrator: its name, to be recorded with each video
    """

    def __init__(
        self,
        executor: Executor,
        output: Path,
        time_limit: float,
        *,
        grace: float = GRACE_SECONDS,
        reuse_finished: bool = True,
        limiter: Limiter | None = None,
        story_roots: Sequence[Path] = (),
        orchestrator: str | None = None,
    ) -> None:
        self._executor = executor
        self._places = Places(output.absolute())
        self._time_limit = time_limit
        self._grace = grace
        self._reuse_finished = reuse_finished
        self._orchestrator = orchestrator
        self._limiter = limiter or LocalLimiter()
        self._story_roots = tuple(story_roots)
        self._running: dict[asyncio.Future[None], Attempt] = {}
        self._tidied = False

    async def run(
        self,
        story: StoryMessage,
        attempt: int,
        on_stage: OnStage,
        on_project: OnProject = lambda _: None,
    ) -> Outcome:
        """Run one attempt.

        Parameters:
            attempt: its number, from 1
            on_stage: called with each stage and, if known, the share of it that is done (0 to 1)
            on_project: called with the project in which the run works, None when it has to start over
        """
        loop = asyncio.get_running_loop()
        project = Project(self._places.output, story, attempt, on_project)
        current = Attempt(story, attempt, on_stage, stop=loop.create_future(), project=project)
        done: asyncio.Future[None] = loop.create_future()
        self._running[done] = current
        try:
            await self._tidy_once()
            with log_context({**log_keys(story), "attempt": attempt}):
                outcome = await self._finished(story) or await self._run(current)
                if isinstance(outcome, Waiting):
                    await _pause_for(self._limiter, outcome)
                return outcome
        finally:
            del self._running[done]
            done.set_result(None)

    async def interrupt(self) -> None:
        """End all running attempts as `Interrupted` and wait for them; a finished video is still stored."""
        for attempt in self._running.values():
            if not attempt.stop.done():
                attempt.stop.set_result(None)
        if self._running:
            await asyncio.wait(list(self._running))

    async def aclose(self) -> None:
        """Interrupt what runs and end all child processes."""
        await self.interrupt()
        await self._executor.aclose()

    async def _tidy_once(self) -> None:
        if self._tidied:
            return
        self._tidied = True
        removed = await asyncio.to_thread(remove_stale_workdirs, self._places.output)
        if removed:
            _log.info("workdirs_removed", count=removed)

    async def _finished(self, story: StoryMessage) -> Succeeded | None:
        if not self._reuse_finished:
            return None
        found = await asyncio.to_thread(find_finished, self._places.output, story)
        if found is None:
            return None
        with suppress(OSError):
            await asyncio.to_thread(remove_checkpoint, self._places.output, story)
        return Succeeded(found.video, found.project_id, 0.0, found.video_s, found.made_from)

    async def _run(self, attempt: Attempt) -> Outcome:
        story = attempt.story
        try:
            await asyncio.to_thread(check_story_file, story.url, self._story_roots)
        except PermanentError as error:
            return attempt.failed("PermanentError", str(error), retryable=False)
        # Only now, because a message could name any file of this machine.
        attempt.made_from = await asyncio.to_thread(made_from, story.url, story.options, self._orchestrator)
        try:
            workdir = await asyncio.to_thread(
                make_workdir, self._places.output, attempt.story, attempt.number
            )
        except OSError as error:
            return Unfit(f"no working folder could be made in {self._places.output}: {error.strerror}")
        try:
            return Interrupted() if attempt.stop.done() else await self._run_in(workdir, attempt)
        finally:
            await asyncio.to_thread(remove_workdir, workdir)

    async def _run_in(self, workdir: Path, attempt: Attempt) -> Outcome:
        await attempt.project.load(resumes=self._executor.resumes)
        try:
            while True:
                outcome = await self._run_once(attempt.request(workdir, self._story_roots), attempt)
                if outcome is not None:
                    return outcome
        except NotStartedError as error:
            if machine_problem(error.__cause__):
                return await attempt.project.concluded(Unfit(str(error)))
            kind = "OSError" if error.retryable else "OrchestratorError"
            outcome = attempt.failed(kind, str(error), retryable=error.retryable)
            return await attempt.project.concluded(outcome, at_fault=False)

    async def _run_once(self, request: Run, attempt: Attempt) -> Outcome | None:
        """Execute the request; None when a process had died before it took the story over."""
        limit = TimeLimit(self._time_limit - attempt.seconds)
        waits = Waits(self._limiter, limit, attempt.show_wait)
        with closing(limit), closing(waits):
            async with self._executor.start(request, attempt.report, waits.take) as execution:
                end = await supervise(execution, attempt.stop, limit, self._grace)
                # A run that is over must not take a permit while its video is stored.
                waits.close()
                if isinstance(end, Died) and end.before_start:
                    return None
                if isinstance(end, Failed):
                    # What it printed comes through other pipes than its result.
                    await asyncio.sleep(_OUTPUT_SECONDS)
                attempt.log = execution.last_lines()
                workdir = Path(request.workdir)
                roots = self._executor.result_roots
                return await conclude(end, attempt, self._places, workdir, self._time_limit, roots)


async def _pause_for(limiter: Limiter, outcome: Waiting) -> None:
    """Let no run call a provider that has just asked to wait."""
    if outcome.retry_after > 0:
        seconds = min(outcome.retry_after, LONGEST_PAUSE_S)
        await limiter.pause(outcome.provider, utc_now() + timedelta(seconds=seconds))
