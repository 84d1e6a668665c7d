"""Every promise of an orchestrator is judged kept, not made, or broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.settings import Settings
from gt_consumer.doctor.conformance.footprints import mixed, snapshot, watched_folder, written
from gt_consumer.doctor.conformance.promises import judge
from gt_consumer.doctor.conformance.record import Heard, RunRecord
from gt_consumer.doctor.conformance.trial import Evidence
from gt_consumer.doctor.conformance.video import VideoFacts, read_facts
from gt_consumer.doctor.finding import Finding, Level
from gt_consumer.processes.protocol import Acquire, ProjectBegun, Run, Stage, VideoMade
from gt_consumer.runner.outcomes import FailedForNow, Interrupted, Outcome, Succeeded

MADE = Succeeded(Path("v.mp4"), "p1", 3.0, 3.0)
DIED = FailedForNow(Failure(type="ChildDied", message="killed by SIGKILL", stage="voice"), "p1", 1.0)
SOUND_VIDEO = VideoFacts("h264 1080x1920", "aac", 3.0)


def heard(*stages: str, project: str | None = "p1", seconds: float = 1.0) -> list[tuple[float, Heard]]:
    """Return what a run reports that names its project and takes as many seconds for each stage."""
    named: list[tuple[float, Heard]] = [(0.0, ProjectBegun(project))] if project else []
    return named + [(number * seconds, Stage(stage)) for number, stage in enumerate(stages)]


def run(
    name: str,
    reports: list[tuple[float, Heard]],
    outcome: Outcome,
    *,
    seconds: float,
    resumes: str | None = None,
    disturbed_at: float | None = None,
) -> RunRecord:
    """Return a run that was asked to resume a project, or none."""
    request = Run("s1", "b1", "file:///s.md", 1, "/w", project_id=resumes)
    return RunRecord(name, request, reports, seconds, disturbed_at, None, outcome)


def evidence() -> Evidence:
    """Return what is seen of an orchestrator that keeps every promise."""
    runs = [
        run("undisturbed", heard("script", "voice", "render"), MADE, seconds=3.0),
        run("killed", heard("script", "voice"), DIED, seconds=1.5, disturbed_at=1.5),
        run("retry", heard("voice", "render"), Interrupted(), seconds=1.7, resumes="p1", disturbed_at=1.5),
        run("resume", heard("render"), MADE, seconds=1.0, resumes="p1"),
    ]
    first, killed, retry, resumed = runs
    return Evidence(
        resumes=True,
        runs=runs,
        undisturbed=first,
        killed=killed,
        retry=retry,
        stopped=retry,
        resumed=resumed,
        video=SOUND_VIDEO,
    )


def found(seen: Evidence) -> dict[str, Finding]:
    """Return the findings by check."""
    return {finding.check: finding for finding in judge(seen)}


def levels(seen: Evidence, level: Level) -> set[str]:
    """Return the checks with this level."""
    return {name for name, finding in found(seen).items() if finding.level is level}


def of(run: RunRecord | None) -> RunRecord:
    """Return a run that the evidence has."""
    assert run is not None
    return run


def test_every_promise_is_kept() -> None:
    assert levels(evidence(), Level.WARN) | levels(evidence(), Level.FAIL) == set()
    assert "by the time" in found(evidence())["paid twice"].says


@pytest.mark.parametrize(
    ("facts", "broken", "missing"),
    [
        (VideoFacts(error="moov atom not found"), {"video"}, set()),
        (VideoFacts(None, "aac", 3.0), {"video"}, set()),
        (VideoFacts("h264", None, 3.0), set(), {"sound"}),
        (VideoFacts("h264", "aac", 30.0), {"duration"}, set()),
        (VideoFacts("h264", "aac", None), {"duration"}, set()),
        (None, set(), {"video"}),
    ],
)
def test_the_video(facts: VideoFacts | None, broken: set[str], missing: set[str]) -> None:
    seen = evidence()
    seen.video = facts
    assert (levels(seen, Level.FAIL), levels(seen, Level.WARN)) == (broken, missing)


def test_a_stage_that_takes_its_time_again_was_done_again() -> None:
    seen = evidence()
    of(seen.retry).heard = heard("script", "voice", "render")
    assert levels(seen, Level.FAIL) == {"paid twice"}
    assert "script" in found(seen)["paid twice"].says


def test_a_finished_stage_that_is_only_looked_at_was_not() -> None:
    seen = evidence()
    of(seen.retry).heard = [(0.0, Stage("script")), (0.05, Stage("voice")), (1.0, Stage("render"))]
    assert levels(seen, Level.FAIL) == set()


def test_calls_tell_more_than_the_time() -> None:
    seen = evidence()
    of(seen.undisturbed).heard = [(0.0, Stage("script")), (0.0, Acquire("gemini", 1)), (0.01, Stage("voice"))]
    again: list[tuple[float, Heard]] = [
        (0.0, Stage("script")),
        (0.0, Acquire("gemini", 1)),
        (0.01, Stage("voice")),
    ]
    of(seen.retry).heard = [*heard(), *again]
    assert "script" in found(seen)["paid twice"].says
    of(seen.retry).heard = [*heard(), again[0], again[2]]
    assert "by the calls" in found(seen)["paid twice"].says


def test_of_a_stage_without_a_length_it_is_not_known() -> None:
    seen = evidence()
    of(seen.undisturbed).heard = heard("script", "voice", "render", seconds=0.01)
    of(seen.retry).heard = heard("script", "voice", "render", seconds=0.01)
    assert found(seen)["paid twice"].level is Level.WARN


def test_a_project_that_is_not_named_is_not_promised() -> None:
    seen = evidence()
    for record in seen.runs:
        record.heard = heard("script", "voice", "render", project=None)
        record.request = None
    assert levels(seen, Level.WARN) == {"project", "resume", "paid twice"}
    assert levels(seen, Level.FAIL) == set()


def test_a_project_that_nobody_is_told_of_is_a_broken_promise() -> None:
    seen = evidence()
    seen.resumes = False
    assert "{project_id}" in found(seen)["project"].cure
    assert found(seen)["project"].level is Level.FAIL


def test_a_project_that_is_named_late() -> None:
    seen = evidence()
    of(seen.undisturbed).heard = [*heard("script", "voice", project=None), (2.5, ProjectBegun("p1"))]
    assert found(seen)["project"].level is Level.WARN


def test_a_project_that_cannot_be_resumed() -> None:
    seen = evidence()
    of(seen.retry).heard = [(0.0, ProjectBegun(None)), *heard("render", project="p2")]
    assert "resume" in levels(seen, Level.FAIL)


def test_a_retry_that_fails() -> None:
    seen = evidence()
    retry = run("retry", heard("voice"), DIED, seconds=1.0, resumes="p1")
    seen.retry, seen.stopped, seen.resumed = retry, None, None
    assert levels(seen, Level.FAIL) == {"retry", "resume"}
    assert found(seen)["stop"].level is Level.WARN


@pytest.mark.parametrize(("seconds", "level"), [(1.7, Level.OK), (6.5, Level.FAIL)])
def test_the_grace(seconds: float, level: Level) -> None:
    seen = evidence()
    of(seen.stopped).seconds = seconds
    assert found(seen)["stop"].level is level


def test_a_run_that_ends_by_itself_does_not_show_that_it_stops() -> None:
    seen = evidence()
    of(seen.stopped).made = VideoMade("v.mp4")
    assert found(seen)["stop"].level is Level.WARN


def test_without_a_result_nothing_else_is_judged() -> None:
    first = run("undisturbed", heard("script"), DIED, seconds=1.0)
    seen = Evidence(resumes=True, undisturbed=first)
    assert set(found(seen)) == {"result", "other promises"}
    assert "ChildDied: killed by SIGKILL, in stage voice" in found(seen)["result"].says


def test_files_of_two_stories_with_one_name(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    before = snapshot(tmp_path, [tmp_path / "out"])
    names = ("final.mp4", "run.log", "one.mp4", "out/video.mp4")
    for name in names:
        (tmp_path / name).write_text("first")
    between = snapshot(tmp_path, [tmp_path / "out"])
    for name in ("final.mp4", "run.log"):
        (tmp_path / name).write_text("the second story")
    first = written(before, between)
    assert first == {"final.mp4", "run.log", "one.mp4"}
    second = written(between, snapshot(tmp_path, [tmp_path / "out"]))
    assert mixed(first, second) == ["final.mp4"]


def test_the_folder_of_the_program_is_watched(tmp_path: Path) -> None:
    assert watched_folder(Settings(cwd=tmp_path)) == tmp_path
    assert watched_folder(Settings()) == Path.cwd()


def test_what_ffmpeg_says_is_read() -> None:
    text = """Input #0, mov,mp4, from 'v.mp4':
  Duration: 00:01:02.50, start: 0.000000, bitrate: 100 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 1080x1920, 30 fps
  Stream #0:1[0x2](und): Audio: aac (LC), 48000 Hz, stereo
Output #0, null, to 'pipe:':
  Stream #0:0: Video: wrapped_avframe, yuv420p, 2x2
frame= 10 time=00:00:30.00 bitrate=N/A\rframe=20 time=00:01:02.48 bitrate=N/A
"""
    assert read_facts(text, 0) == VideoFacts("h264 1080x1920", "aac", 62.48)
    assert read_facts("v.mp4: moov atom not found\n", 1).error == "v.mp4: moov atom not found"
