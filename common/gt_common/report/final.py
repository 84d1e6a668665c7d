"""The report at the end of `--wait`: a table on standard error, or JSON on standard output."""

from __future__ import annotations

from datetime import datetime

from gt_common.cli.console import make_console
from gt_common.errors import ExitCode
from gt_common.lifecycle import BatchPhase, BatchState
from gt_common.report.model import build_report
from gt_common.report.table import render


def show_report(state: BatchState, *, as_json: bool) -> int:
    """Print a batch's report; give the exit code that judges it."""
    now = datetime.now().astimezone()
    report = build_report(state, now)
    if as_json:
        print(report.to_json(), flush=True)
    else:
        make_console(stderr=True).print(render(report, now))
    return ExitCode.DONE if state.phase is BatchPhase.DONE else ExitCode.SOME_FAILED
