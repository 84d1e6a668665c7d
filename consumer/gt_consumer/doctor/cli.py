"""gt-doctor: its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_common.cli.options import AnyUrl
from gt_common.errors import ExitCode
from gt_consumer.worker.options import Cwd

app = make_app()


@app.command(
    epilog=epilog(
        "gt-doctor --time-limit 2h\ngt-doctor --try story.md --orchestrator my_pipeline:create",
        ExitCode.CREDENTIALS,
        meanings={
            ExitCode.DONE: "no check failed; with --try, no promise is broken",
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
    cwd: Cwd = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for finished videos. (default: GT_OUTPUT or outputs)"),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time limit of one attempt. (default: GT_TIME_LIMIT or 30m)"),
    ] = None,
    story: Annotated[
        str | None,
        typer.Option(
            "--try",
            metavar="STORY",
            help="Try the orchestrator instead: make this story, kill it, retry it, stop it and resume it. "
            "Needs no broker.",
        ),
    ] = None,
    any_url: AnyUrl = False,
    json_form: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    _version: Version = False,
) -> None:
    """Check broker, queues, ledger, output folder, orchestrator and credentials, and show how to fix them.

    Read-only, except that it creates the output folder if it is missing. Warnings do not affect the exit
    code.

    With --try the orchestrator makes the story twice in a temporary folder, a third time if it cannot be
    stopped on the way; what it pays for is paid. It says which promises of docs/orchestrators.md are kept.
    A .jsonl list instead of a story gives its first story, with its options.
    """

    def work() -> int:
        from gt_common.log import configure_logging  # --help stays fast
        from gt_common.settings import load_settings
        from gt_consumer.doctor.command import run_doctor

        settings = load_settings(
            orchestrator=orchestrator,
            cwd=cwd,
            output=output,
            time_limit=time_limit,
            urls="any" if any_url else None,
        )
        configure_logging(settings)
        if story is not None:
            from gt_consumer.doctor.conformance.command import try_story

            return try_story(settings, story, json_form=json_form)
        return run_doctor(settings, json_form=json_form)

    run_command("gt-doctor", work, plugins=True)
