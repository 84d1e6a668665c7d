"""The command line of gt-batch: the videos of a list, made on this machine without a broker."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_common.cli.completion import complete_batch_id
from gt_common.cli.options import AnyUrl, Files, Limit, Name, StartAfter, Tags, Urls
from gt_consumer.worker.options import Cwd, Orchestrator, Output, TimeLimit

app = make_app()

Discover = Annotated[
    bool, typer.Option("--discover", help="Make the best new stories on Reddit, as found by gt-discover.")
]
BatchId = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=complete_batch_id,
        help="Id for the batch; if it exists, the list is added to it.",
    ),
]
Parallel = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--parallel",
        metavar="N",
        min=1,
        max=256,
        help="Stories to process at the same time. (default: 1)",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("-n", "--dry-run", help="Show what would run and how long it may take; change nothing."),
]
Resume = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=complete_batch_id,
        help="Continue an interrupted or killed batch with its own settings.",
    ),
]
RetryFailed = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=complete_batch_id,
        help="Run only the failed stories of a batch again.",
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Also make stories that an earlier batch has made or another is making."),
]
SkipChanged = Annotated[
    bool,
    typer.Option(
        "--skip-changed",
        help="Also skip stories whose text, options or orchestrator changed since their video was made.",
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Start stories from the beginning instead of resuming their projects.")
]
MaxFailures = Annotated[
    str | None,
    typer.Option(metavar="N|N%", help="Stop starting new stories after N (or N %) have failed in this run."),
]
MaxCost = Annotated[
    str | None,
    typer.Option(
        metavar="AMOUNT",
        help="Stop starting new stories when the batch has cost this much, in GT_CURRENCY; warns at 80 %.",
    ),
]
PriorityOption = Annotated[
    str | None,
    typer.Option(
        "--priority",
        metavar="high|normal|low",
        help="Priority of the entries that have none; the highest start first. (default: normal)",
    ),
]
MaxAttempts = Annotated[
    int | None, typer.Option(metavar="N", help="Attempts before a story fails. (default: 3)")
]
SkipInvalid = Annotated[
    bool, typer.Option("--skip-invalid", help="Skip invalid entries and process the valid ones.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the report (or the plan of --dry-run) as one JSON object.")
]


@app.command(
    epilog=epilog(
        "gt-batch -f urls.txt --parallel 2 --max-failures 20%\ngt-batch --resume monday",
        *(1, 4, 6),
        meanings={
            2: "usage error or invalid list; no videos were made",
            3: "ledger or Reddit unreachable, or the disk failed half-way",
            5: "stopped by --max-failures or --max-cost",
            8: "some stories have not been made yet",
        },
    )
)
def batch(
    urls: Urls = None,
    file: Files = None,
    any_url: AnyUrl = False,
    discover: Discover = False,
    limit: Limit = None,
    batch_id: BatchId = None,
    name: Name = None,
    tag: Tags = None,
    parallel: Parallel = None,
    dry_run: DryRun = False,
    resume: Resume = None,
    retry_failed: RetryFailed = None,
    force: Force = False,
    fresh: Fresh = False,
    skip_changed: SkipChanged = False,
    max_failures: MaxFailures = None,
    max_cost: MaxCost = None,
    start_after: StartAfter = None,
    priority: PriorityOption = None,
    orchestrator: Orchestrator = None,
    cwd: Cwd = None,
    output: Output = None,
    max_attempts: MaxAttempts = None,
    time_limit: TimeLimit = None,
    skip_invalid: SkipInvalid = False,
    as_json: Json = False,
    _version: Version = False,
) -> None:
    """Make the videos of a list on this machine, one by one or several at a time, without a broker.

    The first Ctrl-C, SIGTERM or SIGHUP lets running stories finish; the second stops them at once.
    """

    def work() -> int:
        from gt_common.stories.sources import Sources  # --help stays fast
        from gt_consumer.batch.command import run
        from gt_consumer.batch.request import Arguments, Flags, Limits

        arguments = Arguments(
            Sources(tuple(urls or ()), tuple(file or ()), any_link=any_url),
            Flags(parallel, orchestrator, output, max_attempts, time_limit, cwd),
            Limits(max_failures, max_cost, start_after, priority),
            discover=discover,
            limit=limit,
            batch_id=batch_id,
            name=name,
            tags=tuple(tag or ()),
            dry_run=dry_run,
            resume=resume,
            retry_failed=retry_failed,
            force=force,
            fresh=fresh,
            skip_changed=skip_changed,
            skip_invalid=skip_invalid,
            as_json=as_json,
        )
        return run(arguments)

    run_command("gt-batch", work, plugins=True)
