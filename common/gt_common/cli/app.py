"""What every command shares: its form, its exit codes and one clear line for each error."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from gt_common.errors import ExitCode, GossipToonError

EXIT_CODES: dict[int, str] = {
    ExitCode.DONE: "done",
    ExitCode.SOME_FAILED: "ran, some stories failed",
    ExitCode.USAGE: "usage or invalid list (nothing was published)",
    ExitCode.UNREACHABLE: "broker or ledger unreachable, or a disk failed half-way",
    ExitCode.CREDENTIALS: "credentials refused or missing",
    ExitCode.STOPPED_BY_RULE: "stopped by a rule",
    ExitCode.NO_SUCH_BATCH: "no such batch",
    ExitCode.NOT_FINISHED: "not finished yet",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.TERMINATED: "SIGTERM",
}


_ROOM = "make room or set another folder"
_RIGHTS = "mend its rights or set another folder"
_PATH = "give another path"
_REMEDIES: dict[int, str] = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.EFBIG: "raise the limit of file sizes (ulimit -f)",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENAMETOOLONG: "give a shorter path",
    errno.EISDIR: "move the folder away or give another path",
    errno.ENOTDIR: _PATH,
    errno.ENOENT: _PATH,
    errno.EEXIST: _PATH,
    errno.ELOOP: _PATH,
    errno.ENOLCK: "this file system has no locks; set another folder",
    errno.ENOTSUP: "this file system cannot do it; set another folder",
}
"""What helps against errors that the user can mend, by their number."""
_NO_NETWORK = frozenset({errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH})


class _App(typer.Typer):
    """A command that tells its version too."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        command, option = typer.main.get_command(self), typer.Typer(add_completion=False)
        option.command()(_version)
        command.params.append(typer.main.get_command(option).params[0])
        return command(*args, **kwargs)


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"{context.info_name} {version('gt-common')}")
        raise typer.Exit


def _version(
    wanted: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
        ),
    ] = False,
) -> None:
    """Only its option is used."""


def make_app(help_text: str | None = None, end: str | None = None) -> typer.Typer:
    """Make a command's Typer application in the house's form.

    Parameters:
        help_text, end: for a command with subcommands, its own help page's beginning and `epilog`
    """
    return _App(
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
    """Run a command's work and leave with its exit code.

    An error of ours or of the operating system is one line; the latter's traceback goes to the debug log.
    """
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, _terminated)
    _replace_closed_streams()
    try:
        code = work()
        sys.stdout.flush()
    except GossipToonError as error:
        code = _say(name, str(error), error.exit_code)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (`| head`); do not let the interpreter complain when it flushes.
        _discard_output()
        code = ExitCode.DONE
    except OSError as error:
        _log_traceback()
        code = _say(name, say_os_error(error), _code_of(error))
    _give_up_full_output()
    raise SystemExit(code)


def print_lenient(line: str) -> None:
    """Print one line of data before work that goes on even if nobody reads it."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        _discard_output()


def say_os_error(error: OSError) -> str:
    """Give what the operating system refused, where, and what helps, as one line."""
    reason = error.strerror or str(error) or type(error).__name__
    place = f": {error.filename}" if error.filename else ""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{reason}{place}" + (f"; {remedy}" if remedy else "")


def _code_of(error: OSError) -> int:
    if error.errno in _REMEDIES:
        return ExitCode.USAGE
    import socket

    if isinstance(error, (ConnectionError, TimeoutError, socket.gaierror)) or error.errno in _NO_NETWORK:
        return ExitCode.UNREACHABLE
    return ExitCode.SOME_FAILED


def _log_traceback() -> None:
    import structlog

    from gt_common.log import get_logger

    if structlog.is_configured():
        get_logger("command").debug("command_failed", exc_info=True)


def _replace_closed_streams() -> None:
    """Let a program that was started with a closed standard output or error (`>&-`) write into nothing."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the program ends


def _give_up_full_output() -> None:
    """Do not let the interpreter fail over what standard output did not take when it flushes at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(name: str, message: str, code: int) -> int:
    from gt_common.redaction import redact

    print(f"{name}: {redact(' '.join(message.split()))}", file=sys.stderr)
    return code


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(ExitCode.TERMINATED)
