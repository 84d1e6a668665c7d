"""gt-prune: command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gt_common.cli.app import Version, ask, epilog, make_app, run_command
from gt_common.errors import ExitCode

app = make_app()


@app.command(
    epilog=epilog(
        "gt-prune --older-than 90d --dry-run\ngt-prune --older-than 365d --videos -y",
        meanings={
            ExitCode.SOME_FAILED: "some files could not be removed",
            ExitCode.UNREACHABLE: "ledger unreachable; run it again to continue",
            ExitCode.CREDENTIALS: "the ledger refused the credentials, or the right to delete",
        },
    )
)
def prune(
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than", metavar="TIME", help="Prune batches whose last event is older, such as 90d."
        ),
    ],
    videos: Annotated[
        bool,
        typer.Option("--videos", help="Remove finished videos, too; their stories still count as made."),
    ] = False,
    failed: Annotated[
        bool,
        typer.Option(
            "--failed",
            help="Prune also batches with dead letters. Letters that are still in the queue then count as "
            "stale: `gt-dlq replay` removes them.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of finished videos and projects. (default: GT_OUTPUT)", show_default=False),
    ] = None,
    rewrite: Annotated[
        bool,
        typer.Option(
            "--rewrite",
            help="Rewrite a SQLite ledger of an earlier version once, so that its file can shrink. It takes "
            "as much free space as the ledger has, and nobody else can write meanwhile.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Show what would be removed; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    _version: Version = False,
) -> None:
    """Remove old batches from the ledger, and their journals, project notes and logs from this machine.

    A batch goes when all its stories have ended and its last event is older than --older-than. Kept are
    batches that are open, that are being run or published on this machine, and those with dead letters or
    with cancelled stories that can still be restored. What remains is a tombstone: gt-produce, gt-batch and
    gt-discover still know that a story was made, and an event that arrives late is dropped.

    Workers and aggregators may run meanwhile. A run that is stopped loses nothing; the next one continues it.
    """

    def work() -> int:
        from gt_common.log import configure_logging
        from gt_common.settings import load_settings
        from gt_consumer.prune.command import Request, run

        settings = load_settings(output=output)
        configure_logging(settings)
        request = Request(older_than, videos, failed, rewrite, dry_run, yes, as_json)
        return run(request, settings, ask)

    run_command("gt-prune", work)
