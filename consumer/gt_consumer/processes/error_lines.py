"""Finds the lines of a program's standard error that say why it failed."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What runtimes print below the line with the error: where it happened, its properties, their own version.
_BELOW_AN_ERROR = re.compile(r"$|\s|[\])}]|Caused by: |Emitted '|Node\.js v|note: ")


def error_lines(lines: Sequence[str], least: int) -> Sequence[str]:
    """Return the last lines, at least so many; more if a stack trace stands below the line with the error.

    Python prints the error below its traceback; Node, Java and others print it above.
    """
    above = len(lines)
    while above and _BELOW_AN_ERROR.match(lines[above - 1]):
        above -= 1
    start = len(lines) - least
    return lines[max(0, min(start, above - 1) if above else start) :]
