"""gt-doctor: its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_common.errors import ExitCode

app = make_app()


@app.command(
    epilog=epilog(
        "gt-doctor --time-limit 2h",
        ExitCode.CREDENTIALS,
        meanings={
            ExitCode.DONE: "no check failed",
            ExitCode.SOME_FAILED: "another check failed",
            ExitCode.UNREACHABLE: "broker or ledger unreachable, or queues missing",
        },
    )
)
def doctor(
    orchestrator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Orchestrator that gt-consume will use. (default: GT_ORCHESTRATOR or studio)"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for finished videos. (default: GT_OUTPUT or outputs)"),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time limit of one attempt. (default: GT_TIME_LIMIT or 30m)"),
    ] = None,
    json_form: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    _version: Version = False,
) -> None:
    """Check broker, queues, ledger, output folder, orchestrator and credentials, and show how to fix them.

    Read-only, except that it creates the output folder if it is missing. Warnings do not affect the exit
    code.
    """

    def work() -> int:
        from gt_common.log import configure_logging  # --help stays fast
        from gt_common.settings import load_settings
        from gt_consumer.doctor.command import run_doctor

        settings = load_settings(orchestrator=orchestrator, output=output, time_limit=time_limit)
        configure_logging(settings)
        return run_doctor(settings, json_form=json_form)

    run_command("gt-doctor", work)
