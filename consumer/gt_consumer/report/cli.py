"""gt-report: what became of a batch, now or as it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gt_common.cli.app import epilog, make_app, run_command
from gt_common.errors import ExitCode
from gt_consumer.report.command import form_of, make_request, run

app = make_app()


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
        chosen = form_of(as_json=as_json, as_csv=as_csv, as_markdown=as_markdown)
        return run(make_request(batch_id, chosen, watch, interval, exit_status, html))

    run_command("gt-report", work)
