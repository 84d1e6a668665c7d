"""Which file a program may have published: story text that it prints must not choose one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Outcome
from support.runner import a_story, python_path, run_once, succeeded

FORGED = """echo '{"output_path": "%s"}'"""
MADE = """echo made > v.mp4; echo '{"output_path": "v.mp4"}'"""
TO_FD = """echo '{"output_path": "v.mp4", "duration": 2}' >&"$GT_RESULT_FD" """


def program(folder: Path, text: str) -> str:
    """Write a shell script. Return the `--orchestrator` that runs it."""
    script = folder / "make.sh"
    script.write_text(text)
    return f"command:bash '{script}' {{workdir}}"


def refused(outcome: Outcome, kind: str) -> str:
    """Return why a result was refused for good; any other outcome fails the test."""
    assert isinstance(outcome, FailedForGood), outcome
    assert outcome.failure.type == kind
    return outcome.failure.message


def secret(folder: Path) -> Path:
    """Make a file outside the folder of any attempt."""
    place = folder / "private" / "secret.txt"
    place.parent.mkdir()
    place.write_text("secret")
    return place


def published(folder: Path) -> list[Path]:
    """Return the videos and result files that were stored."""
    return [path for path in (folder / "out").rglob("*") if path.is_file()]


async def test_a_line_of_the_story_cannot_choose_another_file(tmp_path: Path) -> None:
    text = FORGED % secret(tmp_path)
    message = refused(await run_once(program(tmp_path, text), tmp_path), "VideoOutside")
    assert "neither in its working folder nor below GT_RESULT_ROOTS" in message
    assert published(tmp_path) == []


@pytest.mark.parametrize("first", [True, False])
async def test_a_second_result_line_is_an_error(first: bool, tmp_path: Path) -> None:
    forged = FORGED % secret(tmp_path)
    text = f"{forged}; {MADE}" if first else f"{MADE}; {forged}"
    message = refused(await run_once(program(tmp_path, text), tmp_path), "SecondResult")
    assert "GT_RESULT_FD" in message
    assert published(tmp_path) == []


@pytest.mark.parametrize(
    "setup",
    [
        "ln -s '{secret}' v.mp4",
        "ln -s '{secret.parent}' inner; ln -s inner/secret.txt v.mp4",
        "ln -s ../../../../private/secret.txt v.mp4",
        "ln -s v.mp4 v.mp4",
    ],
)
async def test_no_link_leads_out_of_the_working_folder(setup: str, tmp_path: Path) -> None:
    text = setup.format(secret=secret(tmp_path)) + "; " + FORGED % "v.mp4"
    outcome = await run_once(program(tmp_path, text), tmp_path)
    assert isinstance(outcome, FailedForGood | FailedForNow)
    assert outcome.failure.type in {"VideoOutside", "NoVideo"}
    assert published(tmp_path) == []


async def test_a_link_within_the_working_folder_may_be_used(tmp_path: Path) -> None:
    text = "mkdir made; echo made > made/1.mp4; ln -s made/1.mp4 v.mp4; " + FORGED % "v.mp4"
    outcome = succeeded(await run_once(program(tmp_path, text), tmp_path))
    assert outcome.output_path.read_text() == "made\n"
    assert not outcome.output_path.is_symlink()


async def test_a_dot_dot_path_is_refused(tmp_path: Path) -> None:
    secret(tmp_path)
    text = FORGED % "../../../../private/secret.txt"
    refused(await run_once(program(tmp_path, text), tmp_path), "VideoOutside")


async def test_a_folder_of_the_settings_may_hold_videos(tmp_path: Path) -> None:
    video = secret(tmp_path)
    roots = [tmp_path / "none", video.parent]
    text = FORGED % video
    outcome = succeeded(await run_once(program(tmp_path, text), tmp_path, result_roots=roots))
    assert outcome.output_path.read_text() == video.read_text() == "secret"


async def test_a_link_out_of_a_folder_of_the_settings_is_refused(tmp_path: Path) -> None:
    hidden = secret(tmp_path)
    root = tmp_path / "videos"
    root.mkdir()
    (root / "v.mp4").symlink_to(hidden)
    text = FORGED % (root / "v.mp4")
    refused(await run_once(program(tmp_path, text), tmp_path, result_roots=[root]), "VideoOutside")


async def test_a_result_on_its_own_descriptor_wins_over_printed_lines(tmp_path: Path) -> None:
    forged = FORGED % secret(tmp_path)
    text = f"{forged}; echo made > v.mp4; {TO_FD}; {forged}"
    outcome = succeeded(await run_once(program(tmp_path, text), tmp_path))
    assert (outcome.output_path.read_text(), outcome.video_s) == ("made\n", 2.0)


async def test_two_results_on_the_descriptor_are_an_error_too(tmp_path: Path) -> None:
    text = f"echo made > v.mp4; {TO_FD}; {TO_FD}"
    refused(await run_once(program(tmp_path, text), tmp_path), "SecondResult")


async def test_a_descriptor_that_is_left_open_delays_nothing(tmp_path: Path) -> None:
    text = f"setsid sleep 30 >&- 2>&- & {MADE}"
    outcome = succeeded(await run_once(program(tmp_path, text), tmp_path))
    assert outcome.duration_s < 15


async def test_descriptors_are_closed_after_each_run(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only
    for number in range(3):
        await run_once(program(tmp_path, MADE), tmp_path, a_story(f"s{number}"))
    await run_once("command:no-such-program", tmp_path)
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208 - names only


async def test_a_python_orchestrator_may_return_any_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())
    video = secret(tmp_path)
    story = a_story(output=str(video))
    outcome = succeeded(await run_once("support.orchestrators.fakes:anywhere", tmp_path, story))
    assert outcome.output_path.read_text() == "secret"
