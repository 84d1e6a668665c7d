"""gt-produce: checks a list of stories, then publishes it as a batch."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli import epilog, make_app, run_command

app = make_app()


@app.command(epilog=epilog("gt-produce -f urls.txt --name 'monday' --wait", 1, 3, 4))
def produce(
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
        bool, typer.Option("--discover", help="Publish the best new stories found on Reddit (gt-discover).")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="How many stories --discover gives. (default: 20)")
    ] = None,
    batch_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Go on with this batch, or begin one of this id: only the rest is published."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="N", help="Name of the batch, for reports.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="Tag of the batch; repeatable.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Check and show what would be published; needs no broker.")
    ] = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Publish the good stories although others are none.")
    ] = False,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait", help="Show the progress to the end, then the report; exit code 1 if any failed."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output; with --wait, the report.")
    ] = False,
) -> None:
    """Check the whole list, then publish one message per story; print the batch id.

    Killed half-way, the same command with the same --batch-id publishes just the rest.
    """

    def work() -> int:
        from gt_common.sources import Sources
        from gt_producer.command import run  # --help stays fast
        from gt_producer.request import Request

        sources = Sources(tuple(urls or ()), tuple(file or ()))
        return run(
            Request(
                sources,
                batch_id,
                name,
                tuple(tag or ()),
                dry_run,
                skip_invalid,
                wait,
                as_json,
                discover=discover,
                limit=limit,
            )
        )

    run_command("gt-produce", work)
