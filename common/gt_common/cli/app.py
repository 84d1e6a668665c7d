"""What every command line shares: its form, its exit codes and one clear line for each error."""

from __future__ import annotations

import atexit
import codecs
import contextlib
import errno
import gc
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final, NoReturn, TextIO

import typer

from gt_common.errors import ExitCode, GossipToonError

if TYPE_CHECKING:
    from gt_common.settings import Settings

EXIT_CODES: Final[dict[int, str]] = {
    ExitCode.DONE: "done",
    ExitCode.SOME_FAILED: "some stories failed",
    ExitCode.USAGE: "usage error",
    ExitCode.UNREACHABLE: "broker or ledger unreachable",
    ExitCode.CREDENTIALS: "credentials missing or refused",
    ExitCode.STOPPED_BY_RULE: "stopped by a rule",
    ExitCode.NO_SUCH_BATCH: "no such batch",
    ExitCode.NOT_FINISHED: "not finished yet",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C",
    ExitCode.TERMINATED: "stopped by SIGTERM",
}
"""What an exit code means, unless a command says it more exactly."""
_ALWAYS: Final = (ExitCode.DONE, ExitCode.USAGE, ExitCode.INTERRUPTED, ExitCode.TERMINATED)

_ROOM = "make room or set another folder"
_RIGHTS = "fix its permissions or set another folder"
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
    errno.ENOLCK: "this file system does not support locks; set another folder",
    errno.ENOTSUP: "this file system does not support it; set another folder",
}
"""How to fix the errors that the user can fix, by their number."""
_OBJECTS_BETWEEN_COLLECTIONS: Final = 10_000
_NO_NETWORK = frozenset({errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH})


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import version

        print(f"{context.info_name} {version('gt-common')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
]
"""The option --version of a command; its callback does all the work."""


def make_app(help_text: str | None = None, end: str | None = None) -> typer.Typer:
    """Create the Typer application of a command.

    Parameters:
        help_text, end: for a command with subcommands, the beginning and the end (`epilog`) of its help page
    """
    app = typer.Typer(
        pretty_exceptions_enable=False,
        # Plain help pages: loading rich for them takes longer than everything else that --help does.
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=help_text is not None,
    )
    if help_text is not None:

        @app.callback(help=help_text, epilog=end)
        def group(_version: Version = False) -> None:
            """Only the option --version belongs to the group itself."""

    return app


def epilog(examples: str, *codes: int, meanings: Mapping[int, str] | None = None) -> str:
    """Format the end of a `--help` page: examples to copy, and the exit codes that the command uses.

    Parameters:
        examples: command lines, one per line
        codes: exit codes with their usual meaning, besides 0, 2, 130 and 143
        meanings: exit codes with a meaning of their own
    """
    used = dict.fromkeys((*_ALWAYS, *codes), "") | dict(meanings or {})
    listed = [f"{code:>5} {used[code] or EXIT_CODES[code]}" for code in sorted(used)]
    shown = [f"  {example}" for example in examples.splitlines()]
    # A paragraph that begins with \b is printed as it is: a command to copy is not wrapped.
    return "\n".join(["\b", f"Example{'s' * (len(shown) > 1)}:", *shown, "", "\b", "Exit codes:", *listed])


def run_command(name: str, work: Callable[[], int], *, plugins: bool = False) -> NoReturn:
    """Run a command's work and exit with its exit code.

    A GossipToonError or OSError is printed as one line; the traceback of an OSError goes to the debug log.

    Parameters:
        plugins: whether plugins of pydantic are loaded, for a command that may run code of the user's
    """
    _collect_seldom()
    if not plugins:
        # To find them, pydantic reads a file of each installed package.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, _terminated)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, _terminated)
    _replace_closed_streams()
    _replace_unprintable_characters()
    try:
        code = work()
        sys.stdout.flush()
    except GossipToonError as error:
        code = _print_error(name, str(error), error.exit_code)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of the output left (`| head`); the interpreter must not complain when it flushes.
        _discard_output()
        code = ExitCode.DONE
    except OSError as error:
        _log_traceback()
        code = _print_error(name, format_os_error(error), _code_of(error))
    _drop_unwritable_output()
    raise SystemExit(code)


def _collect_seldom() -> None:
    """Look for unreachable objects less often, and not once more before the process ends.

    Loading its modules makes most objects of a command; they stay, and looking through them takes a fifth of
    the time of a short command.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)


def run_configured(name: str, work: Callable[[Settings], int], *, plugins: bool = False) -> NoReturn:
    """Load settings, configure logging and run a command's work; exit with its exit code.

    Parameters:
        plugins: see `run_command`
    """

    def configured() -> int:
        from gt_common.log import configure_logging  # --help stays fast
        from gt_common.settings import load_settings

        settings = load_settings()
        configure_logging(settings)
        return work(settings)

    run_command(name, configured, plugins=plugins)


def ask(question: str) -> bool:
    """Put a question to the operator, on standard error; return the answer."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None


def print_lenient(line: str) -> None:
    """Print one line of data; if nobody reads it, the work continues."""
    with lenient_output() as out:
        print(line, file=out)


@contextlib.contextmanager
def lenient_output() -> Iterator[TextIO]:
    """Yield standard output for data; if nobody reads it, the work continues after the block."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()


def format_os_error(error: OSError) -> str:
    """Format as one line what the operating system refused, where, and how to fix it."""
    if _is_of_output(error):
        return f"standard output cannot be written: {error.strerror}; write it to another place"
    reason = error.strerror or str(error) or type(error).__name__
    place = f": {error.filename}" if error.filename else ""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{reason}{place}" + (f"; {remedy}" if remedy else "")


def _is_of_output(error: OSError) -> bool:
    """Whether standard output is meant, which no file name tells: what it did not take is still buffered."""
    if error.filename is not None:
        return False
    try:
        sys.stdout.flush()
    except OSError as again:
        return again.errno == error.errno
    return False


def _code_of(error: OSError) -> int:
    if error.errno in _REMEDIES:
        return ExitCode.USAGE
    import socket

    if isinstance(error, (ConnectionError, TimeoutError, socket.gaierror)) or error.errno in _NO_NETWORK:
        return ExitCode.UNREACHABLE
    return ExitCode.SOME_FAILED


def _log_traceback() -> None:
    from gt_common.log import get_logger, is_configured

    if is_configured():
        get_logger("command").debug("command_failed", exc_info=True)


def _replace_closed_streams() -> None:
    """Replace a standard output or error that was closed at the start (`>&-`) by the null device."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the program ends


def _replace_unprintable_characters() -> None:
    """Replace characters that the encoding of standard output lacks; in JSON they are escaped and so kept."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("gt_json", _escape)
        sys.stdout.reconfigure(errors="gt_json" if "--json" in sys.argv else "replace")


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(json.dumps(character)[1:-1] for character in text), error.end


def _drop_unwritable_output() -> None:
    """Drop what standard output does not accept, so that the interpreter does not fail on its last flush."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_error(name: str, message: str, code: int) -> int:
    from gt_common.redaction import redact

    print(f"{name}: {redact(' '.join(message.split()))}", file=sys.stderr)
    return code


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(ExitCode.TERMINATED)
