"""Long output on a terminal, page by page."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress


def page_through(lines: Iterable[str]) -> None:
    """Show lines in the pager: `PAGER`, or `less`; without one they are printed.

    Parameters:
        lines: each with its end
    """
    command = shlex.split(os.environ.get("PAGER", "less"))
    if not command or shutil.which(command[0]) is None:
        sys.stdout.writelines(lines)
        return
    # less shows colours, prints what fits on one screen, and cuts long lines (less(1): -R, -F, -X, -S).
    environment = {"LESS": "RFXS"} | os.environ
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env=environment) as pager:
        if pager.stdin is None:
            return
        with suppress(BrokenPipeError), pager.stdin as out:
            out.writelines(lines)
