"""The example orchestrators make real videos."""

from __future__ import annotations

import os
from pathlib import Path

import imageio_ffmpeg
import pytest

from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow
from support.runner import TESTS, a_story, run_once, succeeded

EXAMPLES = TESTS.parent / "examples"
OWN = "own_orchestrator:create"
READS = [EXAMPLES, Path("/no/such")]
STORY = (EXAMPLES / "the-last-cupcake.md").as_uri()


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.fspath(EXAMPLES))
    monkeypatch.setenv("FFMPEG", imageio_ffmpeg.get_ffmpeg_exe())


def seconds_of(video: Path) -> float:
    """Return the length of the video itself, in seconds."""
    _frames, seconds = imageio_ffmpeg.count_frames_and_secs(video)
    return float(seconds)


async def test_the_python_example_makes_a_video(tmp_path: Path) -> None:
    check_orchestrator(OWN)
    stages: list[str] = []
    outcome = succeeded(
        await run_once(
            OWN, tmp_path, a_story(url=STORY), story_roots=READS, on_stage=lambda name, _: stages.append(name)
        )
    )
    assert outcome.video_s == pytest.approx(seconds_of(outcome.output_path), abs=0.1)
    assert stages == ["read", "render", "render"]
    assert outcome.output_path.name == "1-the-last-cupcake-s1.mp4"


async def test_the_python_example_fails_as_it_says(tmp_path: Path) -> None:
    gone = await run_once(OWN, tmp_path, a_story(url="file:///no/such/story.md"), story_roots=READS)
    assert isinstance(gone, FailedForGood)
    assert gone.failure.message == "no such story file: file:///no/such/story.md"
    wrong = await run_once(OWN, tmp_path, a_story(url=STORY, colour="plaid"), story_roots=READS)
    assert isinstance(wrong, FailedForNow)
    assert "plaid" in wrong.failure.message
    assert wrong.failure.stage == "render"


async def test_the_command_example_makes_a_video(tmp_path: Path) -> None:
    line = f"command:bash '{EXAMPLES / 'command_orchestrator.sh'}' {{url}}"
    check_orchestrator(line)
    outcome = succeeded(await run_once(line, tmp_path, a_story(url=STORY), story_roots=READS))
    assert outcome.video_s == 2.0 == pytest.approx(seconds_of(outcome.output_path), abs=0.1)


async def test_the_command_example_asks_for_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FFMPEG", "false")
    line = f"command:bash '{EXAMPLES / 'command_orchestrator.sh'}' {{url}}"
    outcome = await run_once(line, tmp_path, a_story(url=STORY), story_roots=READS)
    assert isinstance(outcome, FailedForNow)
    assert outcome.failure.type == "TemporaryFailure"
