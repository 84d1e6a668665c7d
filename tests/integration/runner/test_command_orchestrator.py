"""The runner with `command:` orchestrators: any program, its standard output is the protocol."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome, Unfit
from support.runner import a_runner, a_story, assert_gone, remaining, run_once, succeeded

NASTY = """https://www.reddit.com/comments/abc/?q='a%20b'";touch${IFS}pwned;$(touch${IFS}pwned)`touch</dev/null`{workdir}*"""
PRINTS_VIDEO = """echo '{"output_path": "v.mp4"}'"""


def program(folder: Path, text: str) -> str:
    """Write a shell script. Return the `--orchestrator` that runs it."""
    script = folder / "my program.sh"
    script.write_text(text)
    return f"command:sh '{script}' {{url}} {{workdir}} {{story_id}} {{batch_id}} {{attempt}} {{other}}"


def found(folder: Path, name: str) -> list[Path]:
    """Return all files of this name below the folder."""
    return list(folder.rglob(name))


def for_now(outcome: Outcome) -> FailedForNow:
    """Return the outcome as a failure that may be retried; any other outcome fails the test."""
    assert isinstance(outcome, FailedForNow), outcome
    return outcome


async def test_placeholders_are_filled_and_never_looked_into(tmp_path: Path) -> None:
    text = """
    printf '%s\\n' "$@" "$PWD" "$GT_STORY_OPTIONS" "${GT_AMQP_URL-none}" > video.mp4
    echo '{"stage": "render", "fraction": 0.5}'
    echo '{"output_path": "video.mp4", "duration": 61, "project_id": "p7"}'
    """
    stages: list[tuple[str, float | None]] = []
    outcome = succeeded(
        await run_once(
            program(tmp_path, text),
            tmp_path,
            a_story(url=NASTY, speed=1.2),
            on_stage=lambda name, share: stages.append((name, share)),
        )
    )
    url, workdir, *others, cwd, options, broker = outcome.output_path.read_text().splitlines()
    assert url == NASTY
    assert Path(workdir) == Path(cwd)
    assert Path(workdir).parent == tmp_path / "out" / ".work" / "b1"
    assert others == ["s1", "b1", "1", "{other}"]
    assert json.loads(options) == {"speed": 1.2}
    assert broker == "none"
    assert stages == [("render", 0.5)]
    assert (outcome.video_s, outcome.project_id) == (61.0, "p7")
    assert not found(tmp_path, "pwned")


async def test_the_broker_is_hidden_from_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_AMQP_URL", "amqp://user:secret@broker/")
    for name in ("GT_AMQP_URL_FILE", "GT_LEDGER_URL_FILE"):
        monkeypatch.setenv(name, "/run/secrets/url")
    monkeypatch.setenv("SOME_API_KEY", "kept")
    text = f"env > v.mp4; {PRINTS_VIDEO}"
    outcome = succeeded(await run_once(program(tmp_path, text), tmp_path))
    assert "SOME_API_KEY=kept" in outcome.output_path.read_text()
    assert "secret" not in outcome.output_path.read_text()


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (f"{PRINTS_VIDEO}; echo one >&2; echo 'two words' >&2; exit 3", "CommandFailed", "one\ntwo words"),
        ("exit 75", "TemporaryFailure", "ended with exit code 75 and wrote nothing to standard error"),
        ("echo no voice; exit 3", "CommandFailed", "nothing to standard error; it printed: no voice"),
        ("echo later >&2; exit 75", "TemporaryFailure", "later"),
        ("echo hello", "NoVideo", "the program ended with exit code 0 but printed no line"),
        (PRINTS_VIDEO, "NoVideo", "cannot be read"),
        (f"mkfifo v.mp4; {PRINTS_VIDEO}", "NoVideo", "is not a regular file"),
        ("kill -KILL $$", "ChildDied", "killed by SIGKILL, perhaps out of memory"),
    ],
)
async def test_what_is_no_success_fails_for_now(text: str, kind: str, message: str, tmp_path: Path) -> None:
    failure = for_now(await run_once(program(tmp_path, text), tmp_path)).failure
    assert failure.type == kind
    assert message in failure.message
    assert not list((tmp_path / "out").rglob("*.json"))


async def test_only_the_last_lines_of_standard_error_are_the_message(tmp_path: Path) -> None:
    text = "seq 1 100000 >&2; exit 1"
    failure = for_now(await run_once(program(tmp_path, text), tmp_path)).failure
    assert failure.message == "99996\n99997\n99998\n99999\n100000"


async def test_a_program_that_went_missing_is_the_machines_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A folder of PATH that we may not look into would make another error of it.
    monkeypatch.setenv("PATH", os.defpath)
    outcome = await run_once("command:no-such-program {url}", tmp_path)
    assert isinstance(outcome, Unfit)
    assert "'no-such-program' could not be started: No such file or directory" in outcome.problem


async def test_an_argument_that_no_program_can_take_fails_for_good(tmp_path: Path) -> None:
    story = a_story().model_copy(update={"story_id": "a\0b"})
    outcome = await run_once("command:echo {story_id}", tmp_path, story)
    assert isinstance(outcome, FailedForGood)
    assert "null byte" in outcome.failure.message


async def test_lines_that_are_no_messages_go_to_the_log(tmp_path: Path) -> None:
    text = """
    printf '[1]\\n{"broken\\n{"stage": 7}\\n{"failed": true}\\n{"child": "dead"}\\n\\377\\376\\n'
    printf 'progress 1%%\\rprogress 2%%\\r'
    echo x > v.mp4; printf '{"output_path": "v.mp4", "duration": -1}'
    """
    with capture_logs() as logs:
        outcome = succeeded(await run_once(program(tmp_path, text), tmp_path))
    assert outcome.video_s is None
    lines = [entry["line"] for entry in logs if entry["part"] == "orchestrator"]
    assert lines == [
        "[1]",
        '{"broken',
        '{"stage": 7}',
        '{"failed": true}',
        '{"child": "dead"}',
        "\ufffd\ufffd",
        "progress 1%",
        "progress 2%",
    ]


async def test_a_program_that_ignores_the_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    text = """
    trap '' TERM; tail -f /dev/null & echo "$$ $!" > "$2/../../pids"; echo '{"stage": "first"}'; wait; wait
    """
    async with a_runner(program(tmp_path, text), tmp_path, time_limit=1.0, grace=0.2) as runner:
        failure = for_now(await runner.run(a_story(), 1, lambda *_: None)).failure
    assert failure.message == "stopped at the time limit of 1 s, in stage first"
    pids = (tmp_path / "out" / ".work" / "pids").read_text()
    assert_gone(remaining(pids))


async def test_what_a_program_leaves_running_ends_with_it(tmp_path: Path) -> None:
    text = """
    tail -f /dev/null & echo $! > v.mp4; echo '{"output_path": "v.mp4"}'
    """
    outcome = succeeded(await run_once(program(tmp_path, text), tmp_path))
    pid = outcome.output_path.read_text().strip()
    assert_gone(remaining(pid))


async def test_a_process_that_left_the_group_cannot_hold_the_attempt_up(tmp_path: Path) -> None:
    leaver = tmp_path / "leaver.py"
    leaver.write_text(
        "import os, signal\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    signal.alarm(60)\n"
        "    signal.pause()\n"
        "open('v.mp4', 'w').write('x')\n"
        'print(\'{"output_path": "v.mp4"}\')\n'
    )
    outcome = succeeded(await run_once(f"command:{sys.executable} {leaver}", tmp_path))
    assert outcome.duration_s < 30


async def test_interrupt_before_the_program_runs_starts_nothing(tmp_path: Path) -> None:
    async with a_runner(program(tmp_path, "echo $$ >> ../../../../ran"), tmp_path) as runner:
        run = asyncio.create_task(runner.run(a_story(), 1, lambda *_: None))
        stop = asyncio.create_task(runner.interrupt())
        assert await run == Interrupted()
        await stop
    assert not (tmp_path / "ran").exists()
