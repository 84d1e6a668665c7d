"""One story is stopped: its processes end within the grace, and a video that it names all the same counts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gt_common.messages import StoryMessage
from gt_consumer.runner.outcomes import Interrupted, Outcome
from support.runner import a_runner, a_story, assert_gone, python_path, remaining, succeeded, work_folders

NAMES_IT = """trap 'kill $p; printf x > v.mp4; echo "{\\"output_path\\": \\"v.mp4\\"}"; exit 0' TERM"""
NAMES_NONE = "trap 'kill $p; printf x > v.mp4; exit 0' TERM"
WAITS = """
echo '{"stage": "rendering"}'
tail -f /dev/null & p=$!
wait $p
"""


@pytest.fixture(autouse=True)
def fakes_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let children find the fake orchestrators."""
    monkeypatch.setenv("PYTHONPATH", python_path())


async def stop(orchestrator: str, folder: Path, story: StoryMessage, grace: float = 5.0) -> Outcome:
    """Return the outcome of a story that is stopped when it reports its first stage."""
    started = asyncio.Event()
    async with a_runner(orchestrator, folder, grace=grace) as runner:
        task = asyncio.create_task(runner.run(story, 1, lambda *_: started.set()))
        await asyncio.wait_for(started.wait(), 60)
        runner.stop_story(story)
        async with asyncio.timeout(30):
            return await task


def program(folder: Path, text: str) -> str:
    """Write a shell script. Return the `--orchestrator` that runs it."""
    script = folder / "program.sh"
    script.write_text(text)
    return f"command:sh {script}"


@pytest.mark.parametrize("name", ["hangs", "blocks"])
async def test_nothing_is_left_of_it_after_the_grace(name: str, tmp_path: Path) -> None:
    pids = tmp_path / "all.pids"
    story = a_story(pids=str(pids))
    assert await stop(f"support.orchestrators.fakes:{name}", tmp_path, story, grace=1.0) == Interrupted()
    assert_gone(remaining(pids.read_text()))
    assert work_folders(tmp_path) == []


async def test_others_run_on(tmp_path: Path) -> None:
    started = asyncio.Semaphore(0)
    stories = [a_story(name, pids=str(tmp_path / f"{name}.pids")) for name in ("s1", "s2")]
    async with a_runner("support.orchestrators.fakes:hangs", tmp_path) as runner:
        tasks = [asyncio.create_task(runner.run(story, 1, lambda *_: started.release())) for story in stories]
        for _ in tasks:
            await asyncio.wait_for(started.acquire(), 60)
        runner.stop_story(stories[0].model_copy(update={"generation": 2}))
        runner.stop_story(stories[0])
        assert await tasks[0] == Interrupted()
        assert not tasks[1].done()


async def test_an_orchestrator_that_finishes_when_cancelled_has_succeeded(tmp_path: Path) -> None:
    outcome = await stop("support.orchestrators.fakes:saves", tmp_path, a_story())
    assert succeeded(outcome).output_path.read_text() == "saved"


async def test_a_program_that_names_its_video_when_stopped_has_succeeded(tmp_path: Path) -> None:
    outcome = await stop(program(tmp_path, NAMES_IT + WAITS), tmp_path, a_story())
    assert succeeded(outcome).output_path.read_text() == "x"


async def test_a_video_that_a_stopped_program_does_not_name_may_be_half_of_one(tmp_path: Path) -> None:
    assert await stop(program(tmp_path, NAMES_NONE + WAITS), tmp_path, a_story()) == Interrupted()
