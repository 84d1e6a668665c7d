"""What the tests of the runner share: stories, a runner with its folders, waiting for processes to end."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from gt_common.messages import StoryMessage
from gt_consumer.orchestrator.spec import CommandSpec, parse_orchestrator
from gt_consumer.runner.child_execution import ChildExecutor
from gt_consumer.runner.command_execution import CommandExecutor
from gt_consumer.runner.outcomes import Outcome, Succeeded
from gt_consumer.runner.python_child import Recycling
from gt_consumer.runner.runner import Runner

TESTS = Path(__file__).parents[1]
GONE_SECONDS = 10.0


def a_story(
    story_id: str = "s1",
    url: str = "https://www.reddit.com/r/tifu/comments/abc123/a_title/",
    **options: object,
) -> StoryMessage:
    """Make a story message of batch b1."""
    return StoryMessage.model_validate(
        {
            "batch_id": "b1",
            "story_id": story_id,
            "position": 1,
            "url": url,
            "canonical_url": url,
            "options": options,
        }
    )


@asynccontextmanager
async def a_runner(
    orchestrator: str,
    folder: Path,
    *,
    time_limit: float = 60.0,
    recycling: Recycling | None = None,
    grace: float = 5.0,
    result_roots: Sequence[Path] = (),
    story_roots: Sequence[Path] = (),
) -> AsyncIterator[Runner]:
    """Yield a runner whose output and notes are in the folder."""
    spec = parse_orchestrator(orchestrator)
    executor = (
        CommandExecutor(spec, result_roots)
        if isinstance(spec, CommandSpec)
        else ChildExecutor(spec.target, recycling, grace)
    )
    runner = Runner(executor, folder / "out", time_limit, grace=grace, story_roots=story_roots)
    try:
        yield runner
    finally:
        await runner.aclose()


async def run_once(
    orchestrator: str,
    folder: Path,
    story: StoryMessage | None = None,
    *,
    on_stage: Callable[[str, float | None], None] = lambda _stage, _fraction: None,
    time_limit: float = 60.0,
    result_roots: Sequence[Path] = (),
    story_roots: Sequence[Path] = (),
    attempt: int = 1,
) -> Outcome:
    """Run one attempt with a new runner."""
    async with a_runner(
        orchestrator, folder, time_limit=time_limit, result_roots=result_roots, story_roots=story_roots
    ) as runner:
        return await runner.run(story or a_story(), attempt, on_stage)


def succeeded(outcome: Outcome) -> Succeeded:
    """Return the outcome as a success; any other outcome fails the test."""
    assert isinstance(outcome, Succeeded), outcome
    return outcome


def work_folders(folder: Path) -> list[Path]:
    """Return what is left in the working folders of a runner."""
    return list((folder / "out" / ".work").rglob("*"))


def processes(pids: str) -> list[psutil.Process]:
    """Return the processes whose ids are in a text."""
    return [psutil.Process(int(pid)) for pid in pids.split()]


def remaining(pids: str) -> list[psutil.Process]:
    """Return those of the processes that still exist."""
    return [psutil.Process(int(pid)) for pid in pids.split() if psutil.pid_exists(int(pid))]


def assert_gone(living: list[psutil.Process], seconds: float = GONE_SECONDS) -> None:
    """Wait until the processes are gone (a zombie counts as gone); fails after the deadline."""
    deadline = time.monotonic() + seconds
    while living and time.monotonic() < deadline:
        _, alive = psutil.wait_procs(living, timeout=0.05)
        living = [process for process in alive if _runs(process)]
    assert living == []


def python_path() -> str:
    """Return a PYTHONPATH on which the fake orchestrators are found."""
    return os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
