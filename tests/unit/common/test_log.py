"""Where log lines go: to standard error or a file; only warnings within another program."""

from __future__ import annotations

import json
import subprocess
import sys


def test_a_file_gets_json_lines_of_ours_and_of_libraries_and_standard_error_nothing() -> None:
    code = (
        "import logging, sys\n"
        "from gt_common.log import configure_logging, get_logger, log_context\n"
        "from gt_common.settings import load_settings\n"
        "with open(sys.argv[1], 'w') as file:\n"
        "    configure_logging(load_settings(log_format='console'), file)\n"
        "    get_logger('part').error('oops', url='amqp://me:hunter2@host/')\n"
        "    with log_context({'batch_id': 'b1'}):\n"
        "        logging.getLogger('library').warning('old thing')\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, "/dev/stdout"], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stderr == ""
    ours, theirs = (json.loads(line) for line in shown.stdout.splitlines())
    assert (ours["event"], ours["part"], ours["level"]) == ("oops", "part", "error")
    assert "hunter2" not in shown.stdout
    assert theirs["batch_id"] == "b1"
    assert (theirs["event"], theirs["level"]) == ("old thing", "warning")


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    code = (
        "import sys\n"
        "from gt_common.log import configure_logging, get_logger\n"
        "from gt_common.settings import load_settings\n"
        "with open('/dev/full', 'w', buffering=1) as full:\n"
        "    configure_logging(load_settings(), full)\n"
        "    for _ in range(1000):\n"
        "        get_logger('part').info('lost')\n"
        "    print('went on', flush=True)\n"
        "    import os; os._exit(0)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "went on\n", "")


def logged(set_up: str) -> subprocess.CompletedProcess[str]:
    """Log within a program that has its own set-up of structlog, or none."""
    code = (
        "import structlog, sys\n"
        f"{set_up}\n"
        "from gt_common.log import configure_quietly, get_logger\n"
        "configure_quietly()\n"
        "get_logger('p').info('chatter')\n"
        "get_logger('p').warning('trouble')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )


def test_within_another_program_only_warnings_are_logged_and_its_own_set_up_stays() -> None:
    bare = logged("")
    assert "trouble" in bare.stderr
    assert "chatter" not in bare.stderr
    assert bare.stdout == ""
    own = logged("structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stdout))")
    assert "chatter" in own.stdout
    assert own.stderr == ""


def test_the_readable_log_shows_no_terminal_escapes_of_a_message() -> None:
    code = (
        "from gt_common.log import configure_logging, get_logger\n"
        "from gt_common.settings import load_settings\n"
        "configure_logging(load_settings(log_format='console'))\n"
        "try:\n"
        "    raise ValueError('bad \\x1b[2Jtitle')\n"
        "except ValueError:\n"
        "    get_logger('part').error('oops', url='\\x1b]0;owned\\x07', exc_info=True)\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "ValueError: bad [2Jtitle" in shown.stderr
    assert "Traceback" in shown.stderr.splitlines()[1]
    assert not {"\x1b", "\x07"} & set(shown.stderr)


def test_structlog_is_loaded_with_the_first_line_and_set_up_then() -> None:
    code = (
        "import sys\n"
        "from gt_common.log import configure_logging, get_logger, log_context\n"
        "from gt_common.settings import load_settings\n"
        "configure_logging(load_settings(log_format='json'))\n"
        "with log_context({'batch_id': 'b1'}):\n"
        "    print('structlog' in sys.modules)\n"
        "    get_logger('part').warning('late')\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    line = json.loads(shown.stderr)
    assert shown.stdout == "False\n"
    assert (line["event"], line["part"], line["batch_id"]) == ("late", "part", "b1")
