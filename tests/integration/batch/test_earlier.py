"""gt-batch beside earlier and running batches: what is made again, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path

from support.fleet import command, read_runs
from support.samples.batches import SCRIPTED, gt_batch, no_broker, write_list
from support.waiting import until

OK: dict[str, object] = {}


def made_again(folder: Path, name: str, *arguments: str) -> tuple[list[str], str]:
    """Run a batch of `story.md` with a program. Return the files that it ran on, and what it said."""
    environment = no_broker(folder)
    runs = folder / "programs"
    runs.unlink(missing_ok=True)
    listed = folder / "stories.txt"
    done = gt_batch(environment, "-f", str(listed), "--batch-id", name, *arguments)
    assert done.returncode == 0, done.stderr
    return runs.read_text().splitlines() if runs.exists() else [], done.stderr


def program(folder: Path, name: str) -> str:
    """Write a program that makes a video and notes that it ran. Return it as an orchestrator."""
    path = folder / name
    result = """printf '{"output_path": "%s"}\\n' $2/video.mp4"""
    path.write_text(f"#!/bin/sh\necho $1 >> {folder / 'programs'}\ncp $1 $2/video.mp4\n{result}\n")
    path.chmod(0o755)
    return f"command:{path} {folder / 'story.md'} {{workdir}}"


def test_what_would_become_another_video_is_made_again_and_said(tmp_path: Path) -> None:
    story, listed = tmp_path / "story.md", tmp_path / "stories.txt"
    story.write_text("# A cup\n\nOnce upon a time.\n")
    listed.write_text("story.md\n")
    first, second = ("--orchestrator", program(tmp_path, "one")), ("--orchestrator", program(tmp_path, "two"))
    assert made_again(tmp_path, "b1", *first)[0] == [str(story)]
    ran, said = made_again(tmp_path, "b2", *first)
    assert (ran, "stories.txt:1: already made in batch b1" in said) == ([], True)

    story.write_text("# A cup\n\nOnce upon a time there was a cup.\n")
    ran, said = made_again(tmp_path, "b3", *first, "--skip-changed")
    assert (ran, "(text changed)" in said) == ([], True)
    ran, said = made_again(tmp_path, "b4", *first)
    assert ran == [str(story)]
    assert "stories.txt:1: made again, the video of batch b1 differs: text changed" in said
    assert "--skip-changed" in said

    ran, said = made_again(tmp_path, "b5", *second)
    assert (ran, "batch b4 differs: other orchestrator: command:" in said) == ([str(story)], True)
    ran, said = made_again(tmp_path, "b6", *first)
    assert (ran, "already made in batch b4" in said) == ([], True), "the same one, not the latest"

    listed.write_text('{"url": "story.md", "options": {"voice": "warm"}}\n')
    ran, said = made_again(tmp_path, "b7", *first)
    assert (ran, "differs: other options" in said) == ([str(story)], True)


def test_a_deleted_video_is_made_again(tmp_path: Path) -> None:
    story = tmp_path / "story.md"
    story.write_text("# A cup\n\nOnce upon a time.\n")
    (tmp_path / "stories.txt").write_text("story.md\n")
    maker = ("--orchestrator", program(tmp_path, "one"))
    made_again(tmp_path, "b1", *maker)
    (video,) = (tmp_path / "outputs" / "b1").glob("*.mp4")
    video.unlink()
    dry = gt_batch(no_broker(tmp_path), "-f", str(tmp_path / "stories.txt"), "-n", "--json", *maker)
    (again,) = json.loads(dry.stdout)["made_again"]
    assert (again["batch_id"], again["reasons"], again["output_path"]) == (
        "b1",
        ["video missing"],
        str(video),
    )
    ran, said = made_again(tmp_path, "b2", *maker, "--skip-changed")
    assert ran == [str(story)]
    assert f"stories.txt:1: made again, the video of batch b1 is missing: {video}" in said


def test_an_empty_video_is_made_again(tmp_path: Path) -> None:
    story = tmp_path / "story.md"
    story.write_text("# A cup\n\nOnce upon a time.\n")
    (tmp_path / "stories.txt").write_text("story.md\n")
    maker = ("--orchestrator", program(tmp_path, "one"))
    made_again(tmp_path, "b1", *maker)
    (video,) = (tmp_path / "outputs" / "b1").glob("*.mp4")
    video.write_bytes(b"")
    ran, said = made_again(tmp_path, "b2", *maker)
    assert ran == [str(story)]
    assert f"stories.txt:1: made again, the video of batch b1 is missing: {video}" in said


async def test_the_second_of_two_runs_of_one_list_leaves_its_stories_out(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    listed = write_list(tmp_path, [{"until": str(gate)}, OK])
    first = ("-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    async with command(no_broker(tmp_path), "gt-batch", *first) as running:
        await until(lambda: len(read_runs(tmp_path / "runs")) == 1)
        second = gt_batch(no_broker(tmp_path), "-f", str(listed), "--batch-id", "b2", *SCRIPTED)
        assert second.returncode == 0, second.stderr
        assert "list.jsonl:1: batch b1 is making it now (running)" in second.stderr
        assert "list.jsonl:2: batch b1 is making it now (queued)" in second.stderr
        assert "nothing to do" in second.stderr
        running.process.kill()
        await running.ends()
    killed = gt_batch(no_broker(tmp_path), "-f", str(listed), "-n", *SCRIPTED)
    assert "would run 2 stories" in killed.stderr, "what nobody runs any more is not left out"


async def test_of_two_runs_that_begin_together_one_makes_the_stories(tmp_path: Path) -> None:
    listed = write_list(tmp_path, [OK] * 3)
    async with (
        command(no_broker(tmp_path), "gt-batch", "-f", str(listed), *SCRIPTED) as one,
        command(no_broker(tmp_path), "gt-batch", "-f", str(listed), *SCRIPTED) as two,
    ):
        assert (await one.ends(), await two.ends()) == (0, 0)
    assert len(read_runs(tmp_path / "runs")) == 3
