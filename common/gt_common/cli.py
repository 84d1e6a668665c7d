"""What every command shares: its form, its exit codes and one clear line for each error."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import typer

from gt_common.errors import ExitCode, GossipToonError

EXIT_CODES: dict[int, str] = {
    ExitCode.DONE: "done",
    ExitCode.SOME_FAILED: "ran, some stories failed",
    ExitCode.USAGE: "usage or invalid list (nothing was published)",
    ExitCode.UNREACHABLE: "broker or ledger unreachable",
    ExitCode.CREDENTIALS: "credentials refused or missing",
    ExitCode.STOPPED_BY_RULE: "stopped by a rule",
    ExitCode.NO_SUCH_BATCH: "no such batch",
    ExitCode.NOT_FINISHED: "not finished yet",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.TERMINATED: "SIGTERM",
}


def make_app(help_text: str | None = None, end: str | None = None) -> typer.Typer:
    """Make a command's Typer application in the house's form.

    Parameters:
        help_text, end: for a command with subcommands, its own help page's beginning and `epilog`
    """
    return typer.Typer(
        help=help_text,
        epilog=end,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Plain help pages: loading rich for them takes longer than everything else that --help does.
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def epilog(example: str, *codes: int) -> str:
    """Give the end of a `--help` page: an example and the exit codes that the command uses."""
    listed = " · ".join(f"{code} {EXIT_CODES[code]}" for code in sorted({0, *codes, 2, 130, 143}))
    return f"Example: {example}\n\nExit codes: {listed}"


def run_command(name: str, work: Callable[[], int]) -> NoReturn:
    """Run a command's work and leave with its exit code; an error of ours is one line, no traceback."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, _terminated)
    try:
        code = work()
        sys.stdout.flush()
    except GossipToonError as error:
        code = _say(name, str(error), error.exit_code)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (`| head`); do not let the interpreter complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.DONE
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM}:
            raise
        place = f": {error.filename}" if error.filename else ""
        code = _say(name, f"{error.strerror}{place}; make room or set another folder", ExitCode.USAGE)
    raise SystemExit(code)


def _say(name: str, message: str, code: int) -> int:
    from gt_common.failures import redact

    print(f"{name}: {redact(' '.join(message.split()))}", file=sys.stderr)
    return code


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(ExitCode.TERMINATED)
