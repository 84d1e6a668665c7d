"""Programs that know nothing of this project: their video is found, and their stages are read."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest

from gt_consumer.orchestrator.spec import CommandSpec, parse_orchestrator
from gt_consumer.runner.command_execution import CommandExecutor
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Outcome
from gt_consumer.runner.runner import Runner
from support.runner import a_story, run_once, succeeded

MVHD = struct.pack(">I4sB3xIIII80x", 108, b"mvhd", 0, 0, 0, 1000, 2500)
MP4 = struct.pack(">I4s4s4x", 16, b"ftyp", b"isom") + struct.pack(">I4s", 116, b"moov") + MVHD
"""The head of a video of 2.5 seconds."""


def program(folder: Path, text: str) -> str:
    """Write a shell script, and beside it a video to copy. Return the `--orchestrator` that runs it."""
    (folder / "ready.mp4").write_bytes(MP4)
    (folder / "make.sh").write_text(text)
    return f"command:bash '{folder / 'make.sh'}' '{folder / 'ready.mp4'}'"


async def run_in(
    folder: Path, text: str, *, cwd: Path | None = None, pattern: str | None = None, root: Path | None = None
) -> tuple[Outcome, list[tuple[str, float | None]]]:
    """Run a script with settings of programs. Return the outcome and the stages."""
    spec = parse_orchestrator(program(folder, text), cwd)
    assert isinstance(spec, CommandSpec)
    stages: list[tuple[str, float | None]] = []
    found = re.compile(pattern) if pattern else None
    executor = CommandExecutor(spec, [root] if root else [], cwd=cwd, stage_pattern=found)
    runner = Runner(executor, folder / "out", 60.0)
    try:
        outcome = await runner.run(a_story(), 1, lambda name, share: stages.append((name, share)))
    finally:
        await runner.aclose()
    return outcome, stages


async def test_the_only_video_in_the_working_folder_is_the_result(tmp_path: Path) -> None:
    text = 'mkdir parts; echo x > parts/draft.mp4; cp "$1" final.mp4; echo not a word of it'
    outcome = succeeded(await run_once(program(tmp_path, text), tmp_path))
    assert outcome.output_path.read_bytes() == MP4
    assert outcome.video_s == 2.5, "it is read from the file"
    record = json.loads(outcome.output_path.with_suffix(".json").read_text())
    assert record["video_s"] == 2.5


async def test_a_told_length_counts_more_than_that_of_the_file(tmp_path: Path) -> None:
    text = """cp "$1" v.mp4; echo '{"output_path": "v.mp4", "duration": 3}'"""
    assert succeeded(await run_once(program(tmp_path, text), tmp_path)).video_s == 3


async def test_two_videos_are_an_error_that_names_them(tmp_path: Path) -> None:
    outcome = await run_once(program(tmp_path, "mkdir a; echo x > a/1.mp4; echo x > a/2.webm"), tmp_path)
    assert isinstance(outcome, FailedForGood)
    assert outcome.failure.type == "SeveralVideos"
    assert "left 2 videos in its working folder, so the result is unclear: a/1.mp4, a/2.webm" in (
        outcome.failure.message
    )
    assert not list((tmp_path / "out").rglob("*.mp4"))


async def test_an_empty_video_is_named(tmp_path: Path) -> None:
    outcome = await run_once(program(tmp_path, ": > final.mp4"), tmp_path)
    assert isinstance(outcome, FailedForNow)
    assert outcome.failure.message.endswith(
        "left no video in its working folder {workdir}: final.mp4 is empty"
    )


async def test_of_two_videos_the_one_that_is_named_is_the_result(tmp_path: Path) -> None:
    text = r"""echo x > 1.mp4; cp "$1" 2.mp4; printf '{\n "output_path":\n "2.mp4", "duration": 61}\n'"""
    outcome = succeeded(await run_once(program(tmp_path, text), tmp_path))
    assert (outcome.output_path.read_bytes(), outcome.video_s) == (MP4, 61)


@pytest.mark.parametrize("descriptor", ["1", "$GT_RESULT_FD"])
async def test_json_over_several_lines_is_read_among_other_output(descriptor: str, tmp_path: Path) -> None:
    text = f"""
    cp "$1" v.mp4; echo begin; echo '{{'; echo '  "stage": "render",'; echo '  "fraction": 0.5'; echo '}}'
    printf '{{\\n "output_path": "v.mp4",\\n "duration": 7, "a": [\\n  {{}}\\n ]\\n}}\\n' >&{descriptor}
    echo end
    """
    outcome, stages = await run_in(tmp_path, text)
    assert (succeeded(outcome).video_s, stages) == (7, [("render", 0.5)])


async def test_a_failed_program_has_no_video(tmp_path: Path) -> None:
    outcome = await run_once(program(tmp_path, 'cp "$1" v.mp4; exit 3'), tmp_path)
    assert isinstance(outcome, FailedForNow)
    assert outcome.failure.type == "CommandFailed"


async def test_stages_are_found_in_logging_on_standard_error_and_in_progress_bars(tmp_path: Path) -> None:
    text = r"""
    cp "$1" v.mp4
    python3 -c 'import logging; logging.basicConfig(); logging.warning("stage: %s", "voice")'
    printf '[render]  50%% of 3 MB\r[render] 100%% of 3 MB\n' >&2
    """
    pattern = r"stage: (?P<stage>\w+)|\[(?P<step>\w+)\] +(?P<percent>\d+)%"
    _, stages = await run_in(tmp_path, text, pattern=pattern)
    assert (stages[0], stages[-1]) == (("voice", None), ("voice", 1.0))
    (tmp_path / "again").mkdir()
    _, stages = await run_in(tmp_path / "again", text, pattern=r"(?:WARNING:root:stage: |\[)(\w+)")
    assert [name for name, _ in stages] == ["voice", "render"]


async def test_a_program_runs_in_its_own_folder_and_leaves_its_video_in_that_of_the_attempt(
    tmp_path: Path,
) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "settings.txt").write_text("mine\n")
    text = f"""
    read -r mine < settings.txt && test "$mine" = mine && cp "$1" old.mp4
    cp "$1" "$(dirname "$GT_STORY_FILE")/v.mp4"; echo "$PWD" > {tmp_path}/where
    """
    outcome, _ = await run_in(tmp_path, text, cwd=checkout)
    assert succeeded(outcome).video_s == 2.5
    assert Path((tmp_path / "where").read_text().strip()) == checkout
    assert (checkout / "old.mp4").exists(), "what else is in its folder is none of our business"


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_named_video_in_its_own_folder_needs_a_root(allowed: bool, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    text = """cp "$1" v.mp4; echo '{"output_path": "v.mp4"}'"""
    outcome, _ = await run_in(tmp_path, text, cwd=checkout, root=checkout if allowed else None)
    if allowed:
        assert succeeded(outcome).video_s == 2.5
    else:
        assert isinstance(outcome, FailedForGood)
        assert outcome.failure.type == "VideoOutside"
