"""The whole way with the real commands and the real studio: three videos, one dead letter, its replay."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gt_common.settings import Settings
from gt_consumer.studio.encode import ffmpeg_program
from support.fleet import BIN, command, depth
from support.reddit import FakeReddit
from support.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.end_to_end, pytest.mark.timeout(420)]

EXAMPLES = Path(__file__).parents[2] / "examples"
BATCH = "evening"


async def run(environment: dict[str, str], name: str, *arguments: str, code: int = 0) -> str:
    """Run a command to its end. Return its standard output."""
    process = await asyncio.create_subprocess_exec(
        str(BIN / name),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, problems = await process.communicate()
    assert process.returncode == code, problems.decode()
    assert "Traceback" not in problems.decode()
    return out.decode()


def write_list(folder: Path) -> Path:
    """Write four stories, one of them a post that was removed."""
    for name in ("the-last-cupcake.md", "the-wedding-bill.md", "the-parking-spot.md"):
        shutil.copy(EXAMPLES / name, folder / name)
    shutil.copy(EXAMPLES / "removed-post.json", folder / "post.json")
    small: dict[str, object] = {"preview": True, "max_words": 50}
    lines = [
        {"url": "the-last-cupcake.md", "options": {"max_words": 60}},
        {"url": "the-wedding-bill.md", "options": small},
        {"url": "post.json", "options": small},
        {"url": "the-parking-spot.md", "options": small},
    ]
    stories = folder / "stories.jsonl"
    stories.write_text("\n".join(json.dumps(line) for line in lines))
    return stories


async def test_stories_become_videos_and_a_true_report(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    stories = write_list(tmp_path)
    environment = {**environment, "GT_STORY_ROOTS": str(tmp_path)}
    async with (
        command(environment, "gt-aggregate"),
        command(environment, "gt-consume", "--worker-name", "w1") as first,
        command(environment, "gt-consume", "--worker-name", "w2") as second,
    ):
        await asyncio.gather(first.says("worker_started"), second.says("worker_started"))
        printed = await run(
            environment, "gt-produce", "--file", str(stories), "--batch-id", BATCH, "--name", "Evening"
        )
        assert printed.strip() == BATCH

        async def final() -> bool:
            report = await run(environment, "gt-report", BATCH, "--json")
            return bool(json.loads(report)["state"] != "open")

        await until(
            lambda: sum("story_ended" in line for line in [*first.lines, *second.lines]) == 4, deadline=240
        )
        await until(final, every=1.0)
        report = json.loads(await run(environment, "gt-report", BATCH, "--json"))
        check_first_report(report)
        await run(environment, "gt-report", BATCH, "--exit-status", code=1)

        letters = json.loads(await run(environment, "gt-dlq", "list", "--batch", BATCH, "--json"))
        assert [letter["story_id"] for letter in letters["letters"]] == [report["results"][2]["story_id"]]
        shutil.copy(EXAMPLES / "restored-post.json", tmp_path / "post.json")
        await run(environment, "gt-dlq", "replay", "--batch", BATCH, "--reason", "restored")
        await until(
            lambda: sum("story_ended" in line for line in [*first.lines, *second.lines]) == 5, deadline=120
        )
        await until(final, every=1.0)
    report = json.loads(await run(environment, "gt-report", BATCH, "--json"))
    assert (report["state"], report["successful"], report["failed"]) == ("done", 4, 0)
    assert [result["generation"] for result in report["results"]] == [1, 1, 2, 1]
    assert await depth(settings, "dlq") == 0
    for position, result in enumerate(report["results"], start=1):
        check_video(result, settings.output, position, "1080x1920" if position == 1 else "360x640")


async def test_a_reddit_address_becomes_a_video(
    settings: Settings, environment: dict[str, str], fake_reddit: FakeReddit, tmp_path: Path
) -> None:
    fake_reddit.add("tifu", "abc1", title="TIFU by singing")
    reddit = {name: value for name, value in os.environ.items() if name.startswith("GT_REDDIT_")}
    line = {
        "url": "https://old.reddit.com/r/tifu/comments/abc1/tifu_by_singing/",
        "options": {"preview": True, "max_words": 40},
    }
    stories = tmp_path / "stories.jsonl"
    stories.write_text(json.dumps(line))
    await run(environment, "gt-produce", "-f", str(stories), "--batch-id", BATCH)
    await run({**environment, **reddit, "NO_PROXY": "127.0.0.1"}, "gt-consume", "--until-empty")
    await run(environment, "gt-aggregate", "--until-idle")
    (result,) = json.loads(await run(environment, "gt-report", BATCH, "--json"))["results"]
    assert Path(result["output_path"]).name.startswith("1-tifu-by-singing-")
    check_video(result, settings.output, 1, "360x640")


def check_first_report(report: dict[str, object]) -> None:
    """Check the report after the first round."""
    results = report["results"]
    assert isinstance(results, list)
    assert [result["status"] for result in results] == ["success", "success", "failed", "success"]
    assert (report["state"], report["total"], report["name"]) == ("done_with_failures", 4, "Evening")
    error = results[2]["failure"]
    assert (error["type"], error["stage"], error["retryable"]) == ("StoryGoneError", "story", False)
    assert "removed" in error["message"]
    assert results[2]["attempts"] == 1
    assert {result["worker"] for result in results} == {"w1", "w2"}


def check_video(result: dict[str, object], output: Path, position: int, size: str) -> None:
    """Read a video back: its place, streams, size, length and sound."""
    video = Path(str(result["output_path"]))
    assert video.parent == output.absolute() / BATCH
    assert re.fullmatch(rf"{position}-[a-z0-9-]+-{result['story_id']}\.mp4", video.name)
    beside = json.loads(video.with_suffix(".json").read_text())
    assert (beside["story_id"], beside["size"]) == (result["story_id"], video.stat().st_size)
    program = ffmpeg_program()
    told = subprocess.run([program, "-hide_banner", "-i", str(video)], capture_output=True, text=True).stderr
    assert re.search(rf"Video: h264 .*yuv420p.*{size}.*30 fps", told)
    assert re.search(r"Audio: aac .*48000 Hz, stereo", told)
    length = re.search(r"Duration: 00:00:(\d\d\.\d\d)", told)
    assert length is not None
    seconds = float(length.group(1))
    assert 10 < seconds < 90
    assert result["video_s"] == pytest.approx(seconds, abs=0.1)
    decode = [program, "-v", "error", "-i", str(video), "-f", "f32le", "-ac", "1", "-ar", "16000", "-"]
    sound = np.frombuffer(subprocess.run(decode, capture_output=True, check=True).stdout, np.float32)
    assert float(np.sqrt((sound**2).mean())) > 0.05, "there is no sound to hear"
