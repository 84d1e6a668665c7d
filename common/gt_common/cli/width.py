"""How wide output may be: the one place that decides it, for rich and for plain text."""

from __future__ import annotations

import os
import sys
from typing import Final

WIDE: Final = 160
"""Columns of output that goes into a file or a pipe, so that neither errors nor file names are cut."""
_FALLBACK: Final = 80


def columns(*, stderr: bool = False) -> int:
    """Return the columns for a line on standard output or standard error.

    `COLUMNS` decides where it is set, then the terminal; a file or a pipe is 160 columns wide.
    """
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    stream = sys.stderr if stderr else sys.stdout
    if not stream.isatty():
        return WIDE
    try:
        return os.get_terminal_size(stream.fileno()).columns or _FALLBACK
    except OSError:
        return _FALLBACK
