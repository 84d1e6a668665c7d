"""gt-report: its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_common.cli.completion import complete_batch_id
from gt_common.errors import ExitCode

app = make_app()


@app.command(
    epilog=epilog(
        "gt-report monday --watch --exit-status\ngt-report monday --html report.html",
        ExitCode.NO_SUCH_BATCH,
        meanings={
            ExitCode.SOME_FAILED: "--exit-status: some stories failed",
            ExitCode.UNREACHABLE: "ledger unreachable",
            ExitCode.CREDENTIALS: "the ledger refused the credentials",
            ExitCode.NOT_FINISHED: "--exit-status: not finished yet",
        },
    )
)
def report(
    batch_id: Annotated[
        str | None,
        typer.Argument(help="The batch; without it, the list of batches.", autocompletion=complete_batch_id),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the batch until it is finished.")] = False,
    interval: Annotated[
        str, typer.Option(metavar="TIME", help="How often --watch reads the ledger, such as 500ms or 3s.")
    ] = "1s",
    exit_status: Annotated[
        bool, typer.Option("--exit-status", help="Exit with 1 if stories failed, 8 if some are not finished.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List every story, on a terminal too; there in your pager.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line per story.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report to FILE as a web page.")
    ] = None,
    _version: Version = False,
) -> None:
    """Show a batch: counts, causes of failure and every story; without an id, list the batches."""

    def work() -> int:
        from gt_consumer.report.command import run  # --help stays fast
        from gt_consumer.report.request import choose_form, make_request

        form = choose_form(as_json=as_json, as_csv=as_csv, as_markdown=as_markdown)
        return run(make_request(batch_id, form, watch, interval, exit_status, html, everything))

    run_command("gt-report", work)
