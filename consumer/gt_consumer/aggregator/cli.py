"""gt-aggregate: the aggregator's command line."""

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
            help="Leave with exit code 0 once everything delivered is in the ledger and acked, nothing came "
            "for 2 s, and no message is ready in the queue. It does not wait for stories that still run.",
        ),
    ] = False,
    _version: Version = False,
) -> None:
    """Take every result into the ledger (GT_LEDGER_URL), from which gt-report reads.

    Results are acked once they are committed, so nothing is lost when it is killed; several may run, one of
    them works and the others stand by. It goes on by itself after an outage of the ledger or the broker.
    The first Ctrl-C or SIGTERM finishes the group at hand, the second leaves at once.
    """

    def work() -> int:
        from gt_common.log import configure_logging
        from gt_common.settings import load_settings
        from gt_consumer.aggregator.command import aggregate_results

        settings = load_settings()
        configure_logging(settings)
        return aggregate_results(settings, until_idle=until_idle)

    run_command("gt-aggregate", work)
