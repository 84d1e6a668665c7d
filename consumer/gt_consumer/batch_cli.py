"""gt-batch: makes the videos of a list on this machine, without a broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gt_common.cli import epilog, make_app, run_command

app = make_app()


@app.command(epilog=epilog("gt-batch -f urls.txt --parallel 2 --max-failures 20%", 1, 3, 4, 5, 6))
def batch(
    urls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="URL", help="Reddit posts or story files (.md, .txt, .json).", show_default=False
        ),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "-f",
            "--file",
            metavar="FILE|-",
            help="List, one story a line, or .jsonl; - is standard input; repeatable.",
        ),
    ] = None,
    discover: Annotated[
        bool, typer.Option("--discover", help="Make the best new stories found on Reddit (gt-discover).")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="How many stories --discover gives. (default: 20)")
    ] = None,
    batch_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Begin a batch of this id, or add the list to it."),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="N", help="Name of the batch, for reports.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="Tag of the batch; repeatable.")
    ] = None,
    parallel: Annotated[
        int | None,
        typer.Option("-j", "--parallel", metavar="N", min=1, max=256, help="Stories at once. (default: 1)"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Show what would be run and how long it may take.")
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Go on with an interrupted or killed batch; it keeps its settings."),
    ] = None,
    retry_failed: Annotated[
        str | None, typer.Option(metavar="ID", help="Run the failed stories of a batch again, and no others.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make stories again that an earlier batch has made.")
    ] = False,
    max_failures: Annotated[
        str | None,
        typer.Option(metavar="N|N%", help="Start no other story once so many have failed in this run."),
    ] = None,
    orchestrator: Annotated[
        str | None,
        typer.Option(help="studio, package.module:factory, or 'command:PROGRAM ARG…'. (default: studio)"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for finished videos. (default: outputs)")
    ] = None,
    max_attempts: Annotated[
        int | None, typer.Option(help="Attempts before a story has failed. (default: 3)")
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="Longest time for one attempt, such as 30m. (default: 30m)")
    ] = None,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Make the good stories although others are none.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report, or the plan of --dry-run, as one JSON object.")
    ] = False,
) -> None:
    """Make the videos of a list on this machine, one after the other or several at once; needs no broker.

    The first Ctrl-C or SIGTERM lets the running stories finish and starts no other; the second gives them
    back at once. Interrupted or killed, `gt-batch --resume ID` goes on with what is left.
    """

    def work() -> int:
        from gt_common.sources import Sources  # --help stays fast
        from gt_consumer.batch_command import run
        from gt_consumer.batch_request import Flags, Request, parse_failure_limit

        return run(
            Request(
                Sources(tuple(urls or ()), tuple(file or ())),
                Flags(parallel, orchestrator, output, max_attempts, time_limit),
                discover=discover,
                limit=limit,
                batch_id=batch_id,
                name=name,
                tags=tuple(tag or ()),
                dry_run=dry_run,
                resume=resume,
                retry_failed=retry_failed,
                force=force,
                max_failures=None if max_failures is None else parse_failure_limit(max_failures),
                skip_invalid=skip_invalid,
                as_json=as_json,
            )
        )

    run_command("gt-batch", work)
