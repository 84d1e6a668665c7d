"""The rich consoles on which tables and displays are printed."""

from __future__ import annotations

import os
import sys

from rich.console import Console

from gt_common.cli.width import columns


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
    kind = LenientConsole if stderr else Console
    return kind(stderr=stderr, highlight=False, width=width)
