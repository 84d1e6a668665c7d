"""gt-doctor --try: an orchestrator that keeps every promise, and others that break one each."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest

from gt_common.errors import UsageError
from gt_common.settings import Settings
from gt_common.stories import Story
from gt_consumer.doctor.conformance.command import find_story, try_story
from gt_consumer.doctor.conformance.promises import judge
from gt_consumer.doctor.conformance.trial import Trial
from gt_consumer.doctor.finding import Finding, Level
from support.fleet import BIN
from support.orchestrators import trials
from support.runner import python_path
from support.waiting import until

PYTHON = "support.orchestrators.trials:PaysTwice"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Return a video of one second with sound."""
    path = tmp_path / "made.mp4"
    sources = ["testsrc=size=64x64:rate=10:duration=1", "sine=duration=1"]
    given = [word for source in sources for word in ("-f", "lavfi", "-i", source)]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *given, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder of a trial, with a story in it."""
    place = tmp_path / "here"
    place.mkdir()
    (place / "story.md").write_text("# A story\n\nIt was short.\n")
    monkeypatch.chdir(place)
    monkeypatch.setenv("PYTHONPATH", python_path())
    return place


def program(how: str, folder: Path, video: Path) -> str:
    """Return the `--orchestrator` of a program that behaves in this way."""
    projects = folder if how == "careless" else folder.parent / "projects"
    return f"command:{sys.executable} -S {trials.__file__} {how} {projects} {video} {{project_id}}"


async def attempt(
    orchestrator: str, folder: Path, video: Path, grace: float = 5.0
) -> tuple[dict[str, Finding], list[str]]:
    """Try an orchestrator; return the findings by check, and the lines of progress."""
    url = (folder / "story.md").as_uri()
    story = Story(url, url, "argument 1", {"video": str(video)})
    settings = Settings(
        orchestrator=orchestrator,
        output=folder.parent / "videos",
        state_dir=folder.parent / "state",
        story_roots=(folder,),
        time_limit=60.0,
    )
    lines: list[str] = []
    seen = await Trial(settings, story, "try-1", lines.append, grace).run()
    return {finding.check: finding for finding in judge(seen)}, lines


def broken(findings: dict[str, Finding]) -> set[str]:
    """Return the checks that failed."""
    return {name for name, finding in findings.items() if finding.level is Level.FAIL}


def test_a_program_that_keeps_every_promise(folder: Path, video: Path) -> None:
    command = [str(BIN / "gt-doctor"), "--try", "story.md", "--json", "--orchestrator"]
    done = subprocess.run(
        [*command, program("good", folder, video)], capture_output=True, text=True, timeout=60
    )
    document = json.loads(done.stdout)
    levels = {check["check"]: check["level"] for check in document["checks"]}
    assert (done.returncode, [check for check in document["checks"] if check["level"] != "ok"]) == (0, [])
    assert {"result", "video", "sound", "duration", "stages", "project", "retry", "resume"} < set(levels)
    assert {"paid twice", "stop", "children", "folder"} < set(levels)
    runs = document["runs"]
    assert [run["name"] for run in runs] == ["undisturbed", "killed", "retry", "resume"]
    assert [run["resumed"] for run in runs] == [False, False, True, True]
    assert runs[1]["project_id"] == runs[3]["project_id"] != runs[0]["project_id"]
    assert "stage voice" in done.stderr
    assert document["folder"] is None


def test_what_is_not_a_story_is_not_tried(folder: Path) -> None:
    with pytest.raises(UsageError, match="story file not found"):
        try_story(Settings(orchestrator="command:true"), "nowhere.md", json_form=False)


def test_any_link_can_be_tried_if_that_is_wished(folder: Path) -> None:
    command = [
        str(BIN / "gt-doctor"),
        "--try",
        "https://example.org/v/1",
        "--orchestrator",
        "command:false {url}",
    ]
    refused, tried = (
        subprocess.run([*command, *more], capture_output=True, text=True, timeout=60)
        for more in ([], ["--any-url"])
    )
    assert (refused.returncode, tried.returncode) == (2, 1)
    assert "--any-url takes other links" in refused.stderr
    assert "CommandFailed" in tried.stdout


def test_an_orchestrator_that_is_missing_is_not_tried(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = try_story(Settings(orchestrator="command:no-such-program"), "story.md", json_form=False)
    printed = capsys.readouterr()
    assert code != 0
    assert re.match("fail  orchestrator .*no-such-program", printed.out)
    assert "run 1" not in printed.err


def test_a_list_gives_its_first_story_with_its_options(folder: Path) -> None:
    lines = [{"url": "story.md", "options": {"voice": "alto"}}, {"url": "nowhere.md"}]
    (folder / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
    story = find_story("list.jsonl")
    assert (story.canonical, story.options) == ((folder / "story.md").as_uri(), {"voice": "alto"})


async def test_a_program_that_ignores_sigterm(folder: Path, video: Path) -> None:
    found, _ = await attempt(program("stubborn", folder, video), folder, video, grace=0.5)
    assert broken(found) == {"stop"}
    assert "still running 0.5 s after SIGTERM in stage render" in found["stop"].says


async def test_an_orchestrator_that_pays_twice(folder: Path, video: Path) -> None:
    found, _ = await attempt(PYTHON, folder, video)
    assert broken(found) == {"paid twice"}
    assert "script" in found["paid twice"].says


async def test_a_program_without_a_video(folder: Path, video: Path) -> None:
    found, lines = await attempt(program("no_video", folder, video), folder, video)
    assert broken(found) == {"result"}
    assert found["result"].says.startswith("NoVideo")
    assert found["other promises"].level is Level.WARN
    assert sum(line.startswith("run ") for line in lines) == 1, "nothing more is paid for"


async def test_a_program_that_leaves_traces_and_tells_a_wrong_length(folder: Path, video: Path) -> None:
    found, _ = await attempt(program("careless", folder, video), folder, video)
    assert broken(found) == {"children", "folder", "duration"}
    assert "current.mp4" in found["folder"].says
    left = re.findall(r"\((\d+)\)", found["children"].says)
    assert left
    await until(lambda: not any(psutil.pid_exists(int(pid)) for pid in left))
