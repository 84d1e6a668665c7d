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
from gt_consumer.processes.machine import machine_problem, no_room, room_cure
from gt_consumer.processes.protocol import Failed, Run
from gt_consumer.runner.attempt import Attempt, OnStage, Places
from gt_consumer.runner.conclude import conclude
from gt_consumer.runner.execution import GRACE_SECONDS, Died, Executor, NotStartedError, TimeLimit, supervise
from gt_consumer.runner.meter import Meter, OnSpent
from gt_consumer.runner.outcomes import Interrupted, Outcome, Succeeded, Unfit, Waiting
from gt_consumer.runner.prices import Prices
from gt_consumer.runner.project import OnProject, Project
from gt_consumer.runner.waits import Waits
from gt_consumer.storage.checkpoints import remove_checkpoint
from gt_consumer.storage.finished_videos import find_finished
from gt_consumer.storage.workdirs import make_workdir, remove_stale_workdirs

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
        prices: of what runs say that they have used
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
        prices: Prices | None = None,
    ) -> None:
        self._executor = executor
        self._places = Places(output.absolute())
        self._time_limit = time_limit
        self._grace = grace
        self._reuse_finished = reuse_finished
        self._orchestrator = orchestrator
        self._limiter = limiter or LocalLimiter()
        self._story_roots = tuple(story_roots)
        self._prices = Prices() if prices is None else prices
        self._running: dict[asyncio.Future[None], Attempt] = {}
        self._tidied = False

    async def run(
        self,
        story: StoryMessage,
        attempt: int,
        on_stage: OnStage,
        on_project: OnProject = lambda _: None,
        on_spent: OnSpent = lambda _: None,
    ) -> Outcome:
        """Run one attempt.

        Parameters:
            attempt: its number, from 1
            on_stage: called with each stage and, if known, the share of it that is done (0 to 1)
            on_project: called with the project in which the run works, None when it has to start over
            on_spent: called with what the run has spent so far: millionths of the currency, by provider
        """
        loop = asyncio.get_running_loop()
        project = Project(self._places.output, story, attempt, on_project)
        meter = Meter(self._prices, on_spent)
        stop: asyncio.Future[None] = loop.create_future()
        current = Attempt(story, attempt, on_stage, stop=stop, project=project, meter=meter)
        done: asyncio.Future[None] = loop.create_future()
        self._running[done] = current
        try:
            await self._tidy_once()
            with log_context({**log_keys(story), "attempt": attempt}):
                outcome = await self._run(current)
                if isinstance(outcome, Waiting):
                    await _pause_for(self._limiter, outcome)
                return outcome
        finally:
            del self._running[done]
            done.set_result(None)

    def stop_story(self, story: StoryMessage) -> None:
        """End what runs of a story in its generation as `Interrupted`; a finished video is still stored."""
        key = (story.batch_id, story.story_id, story.generation)
        for attempt in self._running.values():
            running = attempt.story
            if (running.batch_id, running.story_id, running.generation) == key:
                attempt.end()

    async def interrupt(self) -> None:
        """End all running attempts as `Interrupted` and wait for them; a finished video is still stored."""
        for attempt in self._running.values():
            attempt.end()
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

    async def _run(self, attempt: Attempt) -> Outcome:
        """Prepare an attempt and run it; nothing is left of its working folder."""
        ended = await asyncio.to_thread(self._prepare, attempt)
        try:
            if ended is not None:
                return ended
            return Interrupted() if attempt.stop.done() else await self._run_in(attempt)
        finally:
            if attempt.workdir is not None:
                await asyncio.to_thread(attempt.remove_workdir)

    def _prepare(self, attempt: Attempt) -> Outcome | None:
        """Do what an attempt needs of the disk before it starts; return its outcome if it must not start."""
        story = attempt.story
        finished = self._finished(story)
        if finished is not None:
            return finished
        try:
            check_story_file(story.url, self._story_roots)
        except PermanentError as error:
            return attempt.failed("PermanentError", str(error), retryable=False)
        # Only now, because a message could name any file of this machine.
        attempt.made_from = made_from(story.url, story.options, self._orchestrator)
        try:
            attempt.workdir = make_workdir(self._places.output, story, attempt.number)
        except OSError as error:
            problem = f"no working folder could be made in {self._places.output}: {error.strerror}"
            return Unfit(problem, cure=room_cure(self._places.output))
        attempt.project.read()
        return None

    def _finished(self, story: StoryMessage) -> Succeeded | None:
        if not self._reuse_finished:
            return None
        found = find_finished(self._places.output, story)
        if found is None:
            return None
        with suppress(OSError):
            remove_checkpoint(self._places.output, story)
        return Succeeded(
            found.video, found.project_id, 0.0, found.video_s, found.made_from, made_in=found.made_in
        )

    async def _run_in(self, attempt: Attempt) -> Outcome:
        await attempt.project.load(resumes=self._executor.resumes)
        try:
            while True:
                outcome = await self._run_once(attempt.request(self._story_roots), attempt)
                if outcome is not None:
                    return outcome
        except NotStartedError as error:
            if machine_problem(error.__cause__):
                return await attempt.project.concluded(_unfit(error, self._places.output))
            outcome = attempt.failed(error.kind, str(error), retryable=error.retryable)
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
                roots = self._executor.result_roots
                outcome = await conclude(end, attempt, self._places, self._time_limit, roots)
                if attempt.workdir is not None:
                    # What the run has left behind may still write into its folder.
                    await execution.settled()
                return outcome


def _unfit(error: NotStartedError, output: Path) -> Unfit:
    """Return the outcome of a run that the machine could not start; its files are in the output folder."""
    full = no_room(error.__cause__, output)
    return Unfit(str(error)) if full is None else Unfit(full, cure=room_cure(output))


async def _pause_for(limiter: Limiter, outcome: Waiting) -> None:
    """Let no run call a provider that has just asked to wait."""
    if outcome.retry_after > 0:
        seconds = min(outcome.retry_after, LONGEST_PAUSE_S)
        await limiter.pause(outcome.provider, utc_now() + timedelta(seconds=seconds))
