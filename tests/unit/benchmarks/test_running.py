"""Scripts run one after the other; what one of them does wrong is said and stops no other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench import running
from bench.cli import Bench
from bench.places import NoRevisionError, PlaceError, build
from bench.running import needs_broker, run, scripts

FIGURE = 'print(\'{"measure": "m", "unit": "s", "better": "less", "ours": 1.5}\', flush=True)\n'


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(f"# __main__\n{text}")
    return path


def test_figures_of_a_script_are_collected(tmp_path: Path) -> None:
    path = script(tmp_path, "good", f"import sys\nassert sys.argv[1:] == ['--quick']\n{FIGURE}")
    outcome = run(path, ["--quick"], os.environ, 30.0)
    assert (outcome.script, [figure.ours for figure in outcome.figures]) == ("good", [1.5])
    assert outcome.failure == ""
    assert outcome.seconds > 0


@pytest.mark.parametrize(
    ("text", "failure", "figures"),
    [
        (f"{FIGURE}raise SystemExit(4)", "ended with exit code 4", 1),
        (f"print('hello')\n{FIGURE}", "not a figure: hello", 1),
        ("pass", "printed no figure", 0),
    ],
)
def test_a_failure_is_said_beside_what_was_measured(
    tmp_path: Path, text: str, failure: str, figures: int
) -> None:
    outcome = run(script(tmp_path, "bad", text), [], os.environ, 30.0)
    assert outcome.failure.startswith(failure)
    assert len(outcome.figures) == figures


def test_a_script_that_takes_too_long_ends_what_it_started(tmp_path: Path) -> None:
    done = tmp_path / "done"
    text = f"import signal\ntry:\n    {FIGURE}    signal.pause()\nfinally:\n    open({str(done)!r}, 'w')\n"
    outcome = run(script(tmp_path, "slow", text), [], os.environ, 0.5)
    assert outcome.failure.startswith("stopped after")
    assert len(outcome.figures) <= 1
    assert done.exists() or not outcome.figures


def test_a_script_that_will_not_stop_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "STOP_S", 0.1)
    said = tmp_path / "child"
    text = (
        "import signal, subprocess, sys\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "wait = [sys.executable, '-c', 'import signal; signal.pause()']\n"
        "child = subprocess.Popen(wait, start_new_session=True)\n"
        f"open({str(said)!r}, 'w').write(str(child.pid))\nwhile True: signal.pause()\n"
    )
    process = subprocess.Popen(
        [sys.executable, script(tmp_path, "deaf", text)], stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not (said.exists() and said.read_text()) and time.monotonic() < deadline:
        os.sched_yield()
    child = psutil.Process(int(said.read_text()))
    with process:
        running.end(process)
    assert process.returncode == -9
    child.wait(10)


def test_one_that_fails_does_not_stop_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = {
        "bad": script(tmp_path, "bad", "raise SystemExit(1)"),
        "good": script(tmp_path, "good", FIGURE),
    }
    bench = Bench(chosen, dict(os.environ), None, time.monotonic() + 60)
    bad, good = bench.measure("full")
    assert (bad.failure, good.failure, len(good.figures)) == ("ended with exit code 1", "", 1)
    assert "failed: ended with exit code 1" in capsys.readouterr().out


def test_no_script_is_started_when_the_time_is_over(tmp_path: Path) -> None:
    bench = Bench({"good": script(tmp_path, "good", FIGURE)}, dict(os.environ), None, time.monotonic())
    (good,) = bench.measure("quick")
    assert (good.failure, good.figures) == ("not run, the time for all was over", ())


def test_benchmarks_are_the_files_that_can_be_run(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("X = 1\n")
    one = script(tmp_path, "one", "url = os.environ['GT_AMQP_URL']")
    two = script(tmp_path, "two", FIGURE)
    assert scripts(tmp_path) == {"one": one, "two": two}
    assert (needs_broker(one), needs_broker(two)) == (True, False)


# -- builds of another revision --------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose `make install` counts its runs, and fails as long as there is a file `broken`."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "Makefile").write_text(
        f"install:\n\t@[ ! -e {tmp_path}/broken ] || {{ echo no disk >&2; exit 1; }}\n"
        f"\t@echo built >> {tmp_path}/log\n"
    )
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *identity, *command], cwd=folder, check=True)  # noqa: S607
    return folder


def test_a_revision_is_built_once(repository: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    first = build("HEAD", place, repository)
    assert build(first.commit, place, repository) == first
    assert (first.folder / "Makefile").exists()
    assert (tmp_path / "log").read_text() == "built\n"


def test_a_failed_build_says_why_and_is_tried_again(repository: Path, tmp_path: Path) -> None:
    place, broken = tmp_path / "place", tmp_path / "broken"
    broken.touch()
    with pytest.raises(PlaceError, match="make install: "):
        build("HEAD", place, repository)
    broken.unlink()
    assert build("HEAD", place, repository).folder.is_dir()


def test_an_unknown_revision_is_told_from_a_failed_build(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(NoRevisionError, match=r"^nosuch is neither a commit, branch or tag of "):
        build("nosuch", tmp_path / "place", repository)


def test_a_built_checkout_is_taken_as_it_is(repository: Path, tmp_path: Path) -> None:
    python = repository / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    found = build(str(repository), tmp_path / "place", repository)
    assert (found.folder, len(found.commit)) == (repository, 40)
    assert not (tmp_path / "log").exists()


def test_an_unknown_revision_is_named(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="no-such"):
        build("no-such", tmp_path, repository)
