"""gt-report: find the batch, then show it in the form that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gt_common.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger
    from gt_consumer.report.printing import Form


WAIT_S = 10.0
"""For so long --watch waits for a batch that may just have been published."""


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Parameters:
        interval: seconds between two looks at the ledger while watching
    """

    batch_id: str | None
    form: Form
    watch: bool
    interval: float
    exit_status: bool
    html: Path | None


def form_of(*, as_json: bool, as_csv: bool, as_markdown: bool) -> Form:
    flags: dict[Form, bool] = {"json": as_json, "csv": as_csv, "markdown": as_markdown}
    given: list[Form] = [form for form, wanted in flags.items() if wanted]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} exclude each other; choose one")
    return given[0] if given else "table"


def make_request(
    batch_id: str | None, form: Form, watch: bool, interval: str, exit_status: bool, html: Path | None
) -> Request:
    from gt_common.durations import parse_duration

    seconds = parse_duration(interval)
    if not 0.05 <= seconds <= 3600:
        raise UsageError(f"--interval must lie between 50ms and 1h, not {interval}")
    if batch_id is None:
        need_id = {
            "--watch": watch,
            "--exit-status": exit_status,
            "--html": html is not None,
            "--csv": form == "csv",
            "--markdown": form == "markdown",
        }
        for flag, given in need_id.items():
            if given:
                raise UsageError(f"{flag} needs a batch id; `gt-report` alone lists the batches")
    if html is not None and html.is_dir():
        raise UsageError(
            f"--html needs a file, and {html} is a folder; write for example {html / 'report.html'}"
        )
    return Request(batch_id, form, watch, seconds, exit_status, html)


def run(request: Request) -> int:
    from gt_common.ledger import open_ledger
    from gt_common.settings import load_settings

    settings = load_settings()
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        return _show(ledger, request)


def _show(ledger: Ledger, request: Request) -> int:
    from gt_common.ledger.find_batch import check_known
    from gt_common.report.final import exit_code
    from gt_consumer.report import printing
    from gt_consumer.report.watch import wait_for, watch

    if request.batch_id is None:
        printing.print_batches(ledger, as_json=request.form == "json")
        return ExitCode.DONE
    if request.watch:
        wait_for(ledger, request.batch_id, WAIT_S, request.interval)
        watch(ledger, request.batch_id, request.interval)
    else:
        check_known(ledger, request.batch_id)
    report = printing.print_report(ledger, request.batch_id, request.form, quiet=request.html is not None)
    if request.html is not None:
        printing.write_page(ledger, report, request.html)
    return exit_code(report.state) if request.exit_status else ExitCode.DONE
