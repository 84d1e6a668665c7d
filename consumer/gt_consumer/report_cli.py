"""gt-report: what became of a batch, now or as it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli import epilog, make_app, run_command
from gt_common.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger
    from gt_consumer.report_show import Form

app = make_app()

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


@app.command(
    epilog=epilog(
        "gt-report gossip-nov-22 --watch --exit-status",
        ExitCode.SOME_FAILED,
        ExitCode.UNREACHABLE,
        ExitCode.CREDENTIALS,
        ExitCode.NO_SUCH_BATCH,
        ExitCode.NOT_FINISHED,
    )
)
def main(
    batch_id: Annotated[
        str | None, typer.Argument(help="The batch; without it, the list of batches.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the batch until it is finished.")] = False,
    interval: Annotated[str, typer.Option(help="How often --watch looks, such as 500ms or 3s.")] = "1s",
    exit_status: Annotated[
        bool, typer.Option("--exit-status", help="Leave with 1 when stories failed, 8 while some are open.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line per story.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report as a page to FILE.")
    ] = None,
) -> None:
    """Show a batch: counts, causes of failure, every story; without an id, list the batches."""

    def work() -> int:
        chosen = _form(as_json=as_json, as_csv=as_csv, as_markdown=as_markdown)
        return _report(_request(batch_id, chosen, watch, interval, exit_status, html))

    run_command("gt-report", work)


def _form(*, as_json: bool, as_csv: bool, as_markdown: bool) -> Form:
    flags: dict[Form, bool] = {"json": as_json, "csv": as_csv, "markdown": as_markdown}
    given: list[Form] = [form for form, wanted in flags.items() if wanted]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} exclude each other; choose one")
    return given[0] if given else "table"


def _request(
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


def _report(request: Request) -> int:
    from gt_common.ledger import open_ledger
    from gt_common.settings import load_settings

    settings = load_settings()
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        return _show(ledger, request)


def _show(ledger: Ledger, request: Request) -> int:
    from gt_consumer import report_show

    if request.batch_id is None:
        report_show.print_batches(ledger, as_json=request.form == "json")
        return ExitCode.DONE
    if request.watch:
        report_show.wait_for(ledger, request.batch_id, WAIT_S, request.interval)
        report_show.watch(ledger, request.batch_id, request.interval)
    else:
        report_show.check_known(ledger, request.batch_id)
    report = report_show.print_report(ledger, request.batch_id, request.form, quiet=request.html is not None)
    if request.html is not None:
        report_show.write_page(ledger, report, request.html)
    return report_show.judge(report) if request.exit_status else ExitCode.DONE
