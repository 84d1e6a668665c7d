"""The rich consoles on which tables and displays are printed."""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import suppress
from typing import IO, Final, TextIO, cast

from rich.console import Console

from gt_common.cli.width import columns

_BLANKS: Final = re.compile(r"[ \t]+(?=\n)")


class _Trimmed(io.TextIOBase):
    """A file or a pipe that gets lines without the blanks with which rich fills them up."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; rich passes whole lines."""
        return self._stream.write(_BLANKS.sub("", text))

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def fileno(self) -> int:
        """Return the stream's file number."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding, for which rich chooses its characters."""
        return self._stream.encoding


class _Terminal(io.TextIOBase):
    """A terminal that may be closed while something is drawn on it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text, unless the terminal is gone."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream, unless the terminal is gone."""
        with suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        """Return the stream's file number."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether it is still there."""
        return self._stream.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding."""
        return self._stream.encoding


class _DataConsole(Console):
    """A console whose reader may leave, as `head` does; rich would end the program with exit code 1."""

    def on_broken_pipe(self) -> None:
        """End the command as after any other output that nobody reads (see `run_command`).

        Raises:
            BrokenPipeError: always
        """
        raise BrokenPipeError


class LenientConsole(Console):
    """A console whose reader may leave: the work, and its exit code, stay the same."""

    def on_broken_pipe(self) -> None:
        """Print nothing more."""
        self.quiet = True


def make_console(*, stderr: bool = False) -> Console:
    """Return the console for tables on standard output or, beside the data, on standard error.

    On a terminal it follows changes of the size, unless `COLUMNS` is set; see `columns`.
    """
    stream = sys.stderr if stderr else sys.stdout
    follows_terminal = stream.isatty() and not os.environ.get("COLUMNS")
    width = None if follows_terminal else columns(stderr=stderr)
    kind = LenientConsole if stderr else _DataConsole
    file = cast("IO[str]", _Terminal(stream) if stream.isatty() else _Trimmed(stream))
    return kind(stderr=stderr, highlight=False, width=width, file=file)
