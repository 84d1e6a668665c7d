"""gt-produce: checks a list of stories, then publishes it as a batch."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_common.cli.completion import complete_batch_id
from gt_common.cli.options import Files, Limit, Name, Tags, Urls

app = make_app()

Discover = Annotated[
    bool, typer.Option("--discover", help="Publish the best new stories found on Reddit (gt-discover).")
]
BatchId = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=complete_batch_id,
        help="Go on with this batch, or begin one of this id: only the rest is published.",
    ),
]
DryRun = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Check and show what would be published; needs no broker.")
]
SkipInvalid = Annotated[
    bool, typer.Option("--skip-invalid", help="Publish the good stories although others are none.")
]
Wait = Annotated[
    bool,
    typer.Option("--wait", help="Show the progress to the end, then the report; exit code 1 if any failed."),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output; with --wait, the report.")
]


@app.command(
    epilog=epilog(
        "gt-produce -f urls.txt --name monday --wait\ngt-discover --limit 20 | gt-produce -f -",
        4,
        meanings={
            1: "--wait: some stories failed",
            2: "usage error or invalid list; nothing was published",
            3: "broker or ledger unreachable, or the disk failed half-way",
        },
    )
)
def produce(
    urls: Urls = None,
    file: Files = None,
    discover: Discover = False,
    limit: Limit = None,
    batch_id: BatchId = None,
    name: Name = None,
    tag: Tags = None,
    dry_run: DryRun = False,
    skip_invalid: SkipInvalid = False,
    wait: Wait = False,
    as_json: Json = False,
    _version: Version = False,
) -> None:
    """Check the whole list, then publish one message per story; print the batch id.

    Killed half-way, the same command with the same --batch-id publishes just the rest.
    """

    def work() -> int:
        from gt_common.stories.sources import Sources
        from gt_producer.produce.command import run  # --help stays fast
        from gt_producer.produce.request import Request

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
