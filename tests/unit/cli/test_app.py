"""The frame of every command: an error of the operating system is one line with the right exit code."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.cli.app import run_command
from gt_common.log import configure_logging
from gt_common.settings import load_settings

BUFFERED = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}


def failing(error: BaseException) -> int:
    """Run a command that fails with an error. Return its exit code."""

    def work() -> int:
        raise error

    with pytest.raises(SystemExit) as left:
        run_command("gt-x", work)
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 2, "make room"),
        (OSError(errno.EFBIG, "File too large"), 2, "ulimit -f"),
        (OSError(errno.EMFILE, "Too many open files"), 2, "ulimit -n"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "/x/y"), 2, "File name too long: /x/y"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/x"), 2, "Is a directory: /x"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/x"), 2, "Not a directory: /x"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 2, "fix its permissions"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), 3, "Connection refused"),
        (TimeoutError(), 3, "TimeoutError"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), 3, "not known"),
        (OSError(errno.EIO, "Input/output error"), 1, "Input/output error"),
        (OSError("two\nlines"), 1, "two lines"),
    ],
    ids=repr,
)
def test_error_of_the_system_is_one_line(
    error: OSError, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(error) == code
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.startswith("gt-x: ")
    assert says in line
    assert "Traceback" not in err


@pytest.mark.usefixtures("untouched_logging")
def test_traceback_is_in_the_debug_log(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(load_settings(log_level="debug", log_format="json"))
    assert failing(OSError(errno.EIO, "Input/output error")) == 1
    logged, said = capsys.readouterr().err.splitlines()
    assert said == "gt-x: Input/output error"
    assert json.loads(logged)["exception"].startswith("Traceback")


@pytest.mark.parametrize(
    "trouble", ["journal is a folder", "journals are too deep", "listed batch is a folder"]
)
def test_state_folder_that_cannot_be_used_is_one_line_and_exit_code_2(tmp_path: Path, trouble: str) -> None:
    state, arguments = tmp_path, ["--batch-id", "b"]
    match trouble:
        case "journal is a folder":
            (tmp_path / "journals" / "b.jsonl").mkdir(parents=True)
        case "journals are too deep":
            state = tmp_path / ("x" * 300)
        case _:
            (tmp_path / "journals" / "b.jsonl").mkdir(parents=True)
            arguments = [*arguments, "-n"]
    # Port 1 answers nobody: none of this needs a broker.
    env = {**os.environ, "GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/", "GT_STATE_DIR": str(state)}
    env |= {"GT_REDDIT_CLIENT_ID": "an-app", "GT_REDDIT_CLIENT_SECRET": "its-secret"}
    program = str(Path(sys.executable).with_name("gt-produce"))
    done = subprocess.run(
        [program, "https://redd.it/a1", *arguments], env=env, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("gt-produce: ")


@pytest.mark.parametrize("command", ["gt-dlq", "gt-topology"])
def test_a_group_without_a_subcommand_shows_its_help_with_whole_lines(command: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name(command))],
        env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    _, _, commands = done.stderr.partition("\nCommands:\n")
    assert commands
    assert "..." not in commands


def test_full_disk_under_standard_output_is_one_line() -> None:
    code = "from gt_common.cli.app import run_command; run_command('gt-x', lambda: print('x' * 99) or 0)"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE,
            text=True, timeout=60, env=BUFFERED,
        )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        ["gt-x: standard output cannot be written: No space left on device; write it to another place"],
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_stream_is_no_error(closed: str) -> None:
    code = "from gt_common.cli.app import run_command; run_command('gt-x', lambda: print('x') or 8)"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (8, "")
