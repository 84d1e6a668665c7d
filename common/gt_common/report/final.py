"""How a command that follows a batch ends: it prints the report, and its exit code judges the batch."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

from gt_common.errors import ExitCode
from gt_common.lifecycle import BatchPhase

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from gt_common.report.building import Screenful, WholeBatch

FEW: Final = 100
"""Stories that a terminal lists in any case; of more it lists what fits."""
_LEAST: Final = 10
_HEAD_LINES: Final = 12
"""Lines around the stories: the head, the counts and the commands that make sense next."""
_CAUSE_LINES: Final = 3


def print_final_report(batch: WholeBatch, *, as_json: bool) -> None:
    """Print the report: a table on standard error, or JSON on standard output; nobody has to read it."""
    from gt_common.cli.app import lenient_output
    from gt_common.messages import utc_now

    if as_json:
        from gt_common.report import json_out

        with lenient_output() as out:
            json_out.write(batch, utc_now(), out)
        return
    from gt_common.cli.console import make_console
    from gt_common.report.building import screenful_of_whole

    console = make_console(stderr=True)
    now = utc_now().astimezone()
    if sys.stderr.isatty():
        print_screenful(console, screenful_of_whole(batch, now), now)
    else:
        with contextlib.suppress(BrokenPipeError):
            print_all(console, batch, now)


def print_screenful(console: Console, shown: Screenful, now: datetime) -> None:
    """Print what fits on a terminal of a batch with many stories, and all of one with few."""
    from gt_common.report import table

    most = None if shown.listed <= FEW else rows_on(console.height, shown)
    console.print(table.render(shown, now, max_rows=most), crop=False)


def print_all(console: Console, batch: WholeBatch, now: datetime) -> None:
    """Print every story."""
    from gt_common.report import listing

    for line in listing.lines(batch, now, console):
        console.file.write(line)
    console.file.flush()


def rows_on(height: int, shown: Screenful) -> int:
    """Return how many stories fit on a terminal below the rest of their report."""
    return max(height - _HEAD_LINES - _CAUSE_LINES * len(shown.head.failure_groups), _LEAST)


def exit_code(phase: BatchPhase) -> int:
    """Return the exit code that a batch in this phase deserves."""
    match phase:
        case BatchPhase.OPEN:
            return ExitCode.NOT_FINISHED
        case BatchPhase.DONE:
            return ExitCode.DONE
        case BatchPhase.DONE_WITH_FAILURES:
            return ExitCode.SOME_FAILED
