"""gt-batch: makes the videos of a list on this machine, without a broker."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_common.cli.completion import complete_batch_id
from gt_common.cli.options import Files, Limit, Name, Tags, Urls
from gt_consumer.worker.options import Orchestrator, Output, TimeLimit

app = make_app()

Discover = Annotated[
    bool, typer.Option("--discover", help="Make the best new stories found on Reddit (gt-discover).")
]
BatchId = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=complete_batch_id,
        help="Begin a batch of this id, or add the list to it.",
    ),
]
Parallel = Annotated[
    int | None,
    typer.Option("-j", "--parallel", metavar="N", min=1, max=256, help="Stories at once. (default: 1)"),
]
DryRun = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Show what would be run and how long it may take.")
]
Resume = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=complete_batch_id,
        help="Go on with an interrupted or killed batch; it keeps its settings.",
    ),
]
RetryFailed = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        autocompletion=complete_batch_id,
        help="Run the failed stories of a batch again, and no others.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Make stories again that an earlier batch has made.")]
MaxFailures = Annotated[
    str | None,
    typer.Option(metavar="N|N%", help="Start no other story once so many have failed in this run."),
]
MaxAttempts = Annotated[
    int | None, typer.Option(metavar="N", help="Attempts before a story has failed. (default: 3)")
]
SkipInvalid = Annotated[
    bool, typer.Option("--skip-invalid", help="Make the good stories although others are none.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the report, or the plan of --dry-run, as one JSON object.")
]


@app.command(
    epilog=epilog(
        "gt-batch -f urls.txt --parallel 2 --max-failures 20%\ngt-batch --resume monday",
        *(1, 4, 6),
        meanings={
            2: "usage error or invalid list; no videos were made",
            3: "ledger or Reddit unreachable, or the disk failed half-way",
            5: "stopped by --max-failures",
            8: "some stories have not been made yet",
        },
    )
)
def batch(
    urls: Urls = None,
    file: Files = None,
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
    max_failures: MaxFailures = None,
    orchestrator: Orchestrator = None,
    output: Output = None,
    max_attempts: MaxAttempts = None,
    time_limit: TimeLimit = None,
    skip_invalid: SkipInvalid = False,
    as_json: Json = False,
    _version: Version = False,
) -> None:
    """Make the videos of a list on this machine, one after the other or several at once; needs no broker.

    The first Ctrl-C or SIGTERM lets the running stories finish and starts no other; the second gives them
    back at once. Interrupted or killed, `gt-batch --resume ID` goes on with what is left.
    """

    def work() -> int:
        from gt_common.stories.sources import Sources  # --help stays fast
        from gt_consumer.batch.command import run
        from gt_consumer.batch.request import Flags, Request, parse_failure_limit

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
