"""gt-produce: command line."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_common.cli.completion import complete_batch_id
from gt_common.cli.options import (
    AnyUrl,
    Files,
    Limit,
    MaxCost,
    MaxFailures,
    Name,
    PriorityOption,
    StartAfter,
    Tags,
    Urls,
)

app = make_app()

Discover = Annotated[
    bool,
    typer.Option("--discover", help="Publish the best new stories on Reddit (see gt-discover)."),
]
BatchId = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=complete_batch_id,
        help="Id of the batch; if it exists, only its unpublished stories are published.",
    ),
]
DryRun = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Show what would be published, without contacting the broker.")
]
SkipInvalid = Annotated[
    bool, typer.Option("--skip-invalid", help="Skip invalid entries and publish the valid ones.")
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Also publish stories that an earlier batch has made or an open one is making."
    ),
]
SkipChanged = Annotated[
    bool,
    typer.Option(
        "--skip-changed", help="Also skip stories whose text or options changed since their video was made."
    ),
]
Again = Annotated[
    bool,
    typer.Option(
        "--again",
        help="With --batch-id: also publish again the stories that, according to the ledger, wait in the "
        "queue, when the queue has lost them (purged) and is empty.",
    ),
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait", help="Wait until the batch ends and show the report; exit code 1 if any story failed."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object; with --wait, the report.")]


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
    any_url: AnyUrl = False,
    discover: Discover = False,
    limit: Limit = None,
    batch_id: BatchId = None,
    name: Name = None,
    tag: Tags = None,
    dry_run: DryRun = False,
    skip_invalid: SkipInvalid = False,
    force: Force = False,
    skip_changed: SkipChanged = False,
    again: Again = False,
    start_after: StartAfter = None,
    priority: PriorityOption = None,
    max_failures: MaxFailures = None,
    max_cost: MaxCost = None,
    wait: Wait = False,
    as_json: Json = False,
    _version: Version = False,
) -> None:
    """Check a list of stories, publish one message per story and print the batch id.

    Nothing is published if any entry is invalid, unless --skip-invalid is given. After an interruption,
    run the same command with --batch-id to publish the rest.
    """

    def work() -> int:
        from gt_common.cli.stop_rules import parse_rules  # --help stays fast
        from gt_common.stories.priority import parse_priority
        from gt_common.stories.schedule import check_start
        from gt_common.stories.sources import Sources
        from gt_producer.produce.command import run
        from gt_producer.produce.request import Request

        sources = Sources(tuple(urls or ()), tuple(file or ()), any_link=any_url)
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
                force=force,
                skip_changed=skip_changed,
                again=again,
                rules=parse_rules(max_failures, max_cost),
                start_after=None if start_after is None else check_start(start_after),
                priority=None if priority is None else parse_priority(priority),
            )
        )

    run_command("gt-produce", work)
