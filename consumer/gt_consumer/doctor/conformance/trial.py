"""The runs of a trial: undisturbed, killed, its retry, which is stopped, and the one that resumes that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from gt_common.batches import PlacedStory, story_message
from gt_common.durations import say_duration
from gt_common.messages import StoryMessage
from gt_common.settings import Settings
from gt_common.stories import Story, story_id
from gt_consumer.doctor.conformance.footprints import Snapshot, mixed, snapshot, watched_folder, written
from gt_consumer.doctor.conformance.narration import describe_end, describe_report, describe_spent
from gt_consumer.doctor.conformance.record import RunRecord
from gt_consumer.doctor.conformance.survivors import end_survivors, marked_environment
from gt_consumer.doctor.conformance.video import VideoFacts, decode
from gt_consumer.doctor.conformance.watching import Blow, Disturbance, WatchedExecutor
from gt_consumer.limits.local import open_local_limiter
from gt_consumer.runner.execution import GRACE_SECONDS
from gt_consumer.runner.executors import executor_of, make_runner
from gt_consumer.runner.outcomes import (
    FailedForGood,
    FailedForNow,
    Interrupted,
    Outcome,
    Succeeded,
    Unfit,
    Waiting,
)
from gt_consumer.worker.retry_rules import make_policy

MOST_WAITS: Final = 3
LONGEST_WAIT_S: Final = 120.0
"""A provider that asks for a longer wait ends the trial."""

_SHORT_S = 0.4
_LONGEST_AFTER_S = 1.0

Say = Callable[[str], None]


@dataclass
class Evidence:
    """What a trial has seen.

    Parameters:
        resumes: whether the orchestrator can be told which project to resume
        grace: seconds between SIGTERM and SIGKILL
        runs: every run in order, of a wait for a provider only the last
        undisturbed, killed, retry, stopped, resumed: those among them that were made for a promise
        video: what a decoder says of the first video; None without a decoder
        survivors: programs that were still running after their run
        place: the watched folder, for people
        left: files that the first story left in the watched folder
        mixed: media files there that two stories wrote under the same name
    """

    resumes: bool
    grace: float = GRACE_SECONDS
    runs: list[RunRecord] = field(default_factory=list)
    undisturbed: RunRecord | None = None
    killed: RunRecord | None = None
    retry: RunRecord | None = None
    stopped: RunRecord | None = None
    resumed: RunRecord | None = None
    video: VideoFacts | None = None
    survivors: list[str] = field(default_factory=list)
    place: str = "the current folder"
    left: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)


class Trial:
    """Runs one story several times, each time with a runner of its own, as another worker would.

    Parameters:
        settings: with the folder of finished videos, which is the trial's own
        batch_id: names the trial; the same story has another id each time that it begins over
        say: takes a line of progress
        grace: seconds between asking a run to end and forcing it
    """

    def __init__(
        self, settings: Settings, story: Story, batch_id: str, say: Say, grace: float = GRACE_SECONDS
    ) -> None:
        self._settings = settings
        self._story = story
        self._batch_id = batch_id
        self._say = say
        self._policy = make_policy(settings)
        self._executor = executor_of(settings)
        place = str(settings.cwd) if settings.cwd else "the current folder"
        self._evidence = Evidence(self._executor.resumes, grace, place=place)
        self._begun = 0
        self._mark = ""

    async def run(self) -> Evidence:
        """Run the whole trial; if the undisturbed run makes no video, only that."""
        with marked_environment() as self._mark:
            await self._run_all()
        return self._evidence

    async def _run_all(self) -> None:
        seen = self._evidence
        before = await self._look()
        first = seen.undisturbed = await self._attempt("undisturbed", self._new_story())
        if not isinstance(first.outcome, Succeeded):
            return
        seen.video = await asyncio.to_thread(decode, first.outcome.output_path)
        between = await self._look()
        story = await self._kill(first)
        await self._stop(first, story)
        after = await self._look()
        left = written(before, between)
        seen.left, seen.mixed = sorted(left), mixed(left, written(between, after))

    async def _kill(self, first: RunRecord) -> StoryMessage:
        """Kill a run in the middle; return the message of the attempt that follows."""
        story = self._new_story()
        names = [stage.name for stage in first.stages]
        wanted = _in_stage(first, Blow.KILL, names[len(names) // 2] if names else None)
        killed = await self._attempt("killed", story, wanted)
        if killed.disturbed_at is None:
            story = self._new_story()
            killed = await self._attempt("killed", story, Disturbance(Blow.KILL, None, 0.0))
        self._evidence.killed = killed
        return _after(story, killed.outcome)

    async def _stop(self, first: RunRecord, story: StoryMessage) -> None:
        """Make the attempt after the kill and stop it; if it ends before, stop the story's next beginning."""
        names = [stage.name for stage in first.stages]
        wanted = _in_stage(first, Blow.STOP, names[-1] if names else None)
        run = self._evidence.retry = await self._attempt("retry", story, wanted)
        if run.disturbed_at is None:
            story = self._new_story()
            wanted = _in_stage(first, Blow.STOP, names[0] if names else None)
            run = await self._attempt("stopped", story, wanted)
        if run.disturbed_at is None:
            return
        self._evidence.stopped = run
        if isinstance(run.outcome, Interrupted):
            self._evidence.resumed = await self._attempt("resume", _after(story, run.outcome))

    async def _attempt(
        self, name: str, story: StoryMessage, disturbance: Disturbance | None = None
    ) -> RunRecord:
        """Make one attempt, and wait for providers that ask for it."""
        for _ in range(MOST_WAITS):
            record = await self._run_once(name, story, disturbance)
            outcome = record.outcome
            if not isinstance(outcome, Waiting) or outcome.retry_after > LONGEST_WAIT_S:
                break
            seconds = outcome.retry_after or self._settings.retry_delays[0]
            self._say(f"        {outcome.provider} asks to wait {say_duration(seconds)}")
            await asyncio.sleep(seconds)
            story = _after(story, outcome)
        self._evidence.runs.append(record)
        return record

    async def _run_once(self, name: str, story: StoryMessage, disturbance: Disturbance | None) -> RunRecord:
        limit = say_duration(self._settings.time_limit)
        self._say(f"run {len(self._evidence.runs) + 1}   {name}, at most {limit}")
        record = RunRecord(name)
        stopping: set[asyncio.Task[None]] = set()

        def stop() -> None:
            stopping.add(asyncio.create_task(runner.interrupt()))

        def tell(message: object) -> None:
            if line := describe_report(record):
                self._say(f"        {line}")

        executor = WatchedExecutor(self._executor, record, disturbance, stop, tell)
        limiter = open_local_limiter(self._settings)
        runner = make_runner(self._settings, limiter, executor=executor, grace=self._evidence.grace)
        async with aclosing(runner):
            outcome = await runner.run(story, story.attempt, _ignore_stage, on_spent=record.take_spent)
            record.outcome = self._policy.judge(story, outcome)
            await asyncio.gather(*stopping)
        self._evidence.survivors += await asyncio.to_thread(end_survivors, self._mark)
        self._say(f"        {describe_end(record)}")
        if line := describe_spent(record, self._settings.currency):
            self._say(f"                  {line}")
        return record

    async def _look(self) -> Snapshot | None:
        settings = self._settings
        without = [settings.output, settings.state_dir]
        return await asyncio.to_thread(snapshot, watched_folder(settings), without)

    def _new_story(self) -> StoryMessage:
        self._begun += 1
        canonical = f"{self._story.canonical}#{self._begun}"
        identity = story_id(self._batch_id, canonical)
        return story_message(self._batch_id, PlacedStory(identity, self._begun, self._story))


def _ignore_stage(_stage: str, _fraction: float | None) -> None:
    """Take a stage that is recorded already."""


def _in_stage(first: RunRecord, blow: Blow, name: str | None) -> Disturbance:
    """Return a disturbance in the midst of a stage, as far as the undisturbed run tells how long it takes."""
    if name is None:
        return Disturbance(blow, None, first.seconds / (2 if blow is Blow.KILL else 4))
    seconds = next(stage.seconds for stage in first.stages if stage.name == name)
    return Disturbance(blow, name, min(seconds / 2, _LONGEST_AFTER_S) if seconds > _SHORT_S else 0.0)


def _after(story: StoryMessage, outcome: Outcome | None) -> StoryMessage:
    """Return the message of the run that follows on an outcome."""
    match outcome:
        case FailedForNow() | FailedForGood():
            story = story.model_copy(update={"attempt": story.attempt + 1, "run": 0})
        case Waiting() | Interrupted() | Unfit():
            story = story.handed_back()
        case _:
            return story
    return story.resuming(None if outcome.spent else outcome.project_id)
