"""Where tables are printed: as wide as the terminal, and wide where nobody's terminal limits them."""

from __future__ import annotations

import os
import sys
from typing import Final

from rich.console import Console

WIDE: Final = 160
"""Columns of a table that goes into a file or a pipe, so that neither errors nor file names are cut."""


class LenientConsole(Console):
    """A console whose reader may leave: the work, and its exit code, are the same then."""

    def on_broken_pipe(self) -> None:
        """Print nothing more."""
        self.quiet = True


def make_console(*, stderr: bool = False) -> Console:
    """Give the console of a table on standard output or, for what is said beside the data, standard error."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else WIDE
    kind = LenientConsole if stderr else Console
    return kind(stderr=stderr, highlight=False, width=width)
