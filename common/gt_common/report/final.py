"""How a command that follows a batch ends: it prints the report, and its exit code judges the batch."""

from __future__ import annotations

from gt_common.cli.app import print_lenient
from gt_common.cli.console import make_console
from gt_common.errors import ExitCode
from gt_common.lifecycle import BatchPhase
from gt_common.messages import utc_now
from gt_common.report.model import BatchResult
from gt_common.report.table import render


def print_final_report(report: BatchResult, *, as_json: bool) -> None:
    """Print the report: a table on standard error, or JSON on standard output."""
    if as_json:
        print_lenient(report.to_json())
    else:
        make_console(stderr=True).print(render(report, utc_now().astimezone()), crop=False)


def exit_code(phase: BatchPhase) -> int:
    """Return the exit code that a batch in this phase deserves."""
    match phase:
        case BatchPhase.OPEN:
            return ExitCode.NOT_FINISHED
        case BatchPhase.DONE:
            return ExitCode.DONE
        case BatchPhase.DONE_WITH_FAILURES:
            return ExitCode.SOME_FAILED
