"""gt-doctor: its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gt_common.cli.app import epilog, make_app, run_command

app = make_app()


@app.command(epilog=epilog("gt-doctor --time-limit 2h", 3, 4) + " · 1 something else is wrong")
def doctor(
    orchestrator: Annotated[
        str | None, typer.Option(help="What gt-consume shall run. (default: GT_ORCHESTRATOR or studio)")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for finished videos. (default: GT_OUTPUT or outputs)")
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="Longest time for one attempt. (default: GT_TIME_LIMIT or 30m)")
    ] = None,
    json_form: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check broker, queues, ledger, output folder, orchestrator and credentials, and say how to mend them.

    It makes and changes nothing, but for the output folder, which it makes. A warning is no failure.
    """

    def work() -> int:
        from gt_common.log import configure_logging
        from gt_common.settings import load_settings
        from gt_consumer.doctor.command import run_doctor

        settings = load_settings(orchestrator=orchestrator, output=output, time_limit=time_limit)
        configure_logging(settings)
        return run_doctor(settings, json_form=json_form)

    run_command("gt-doctor", work)
