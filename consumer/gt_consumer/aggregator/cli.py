"""gt-aggregate: command line."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command

app = make_app()


@app.command(epilog=epilog("gt-aggregate --until-idle && gt-report", 3, 4))
def aggregate(
    until_idle: Annotated[
        bool,
        typer.Option(
            "--until-idle",
            help="Exit with code 0 once the queue is empty, every result is in the ledger and none has "
            "arrived for 2 s. It does not wait for running stories.",
        ),
    ] = False,
    _version: Version = False,
) -> None:
    """Write the results of the workers to the ledger (GT_LEDGER_URL), which gt-report reads.

    A result is acked after it is committed, so nothing is lost if this is killed. Several may run: one works,
    the others stand by. After an outage of ledger or broker it continues by itself. On the first Ctrl-C,
    SIGTERM or SIGHUP it finishes the current group of results, on the second it exits immediately.
    """

    def work() -> int:
        from gt_common.log import configure_logging
        from gt_common.settings import load_settings
        from gt_consumer.aggregator.command import aggregate_results

        settings = load_settings()
        configure_logging(settings)
        return aggregate_results(settings, until_idle=until_idle)

    run_command("gt-aggregate", work)
