"""gt-consume: the worker's command line."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_command
from gt_consumer.worker.options import Cwd, Orchestrator, Output, TimeLimit

app = make_app()

MaxAttempts = Annotated[
    int | None, typer.Option(metavar="N", help="Attempts before a story becomes a dead letter. (default: 3)")
]


@app.command(
    epilog=epilog(
        "gt-consume --prefetch 2 --output /srv/videos",
        4,
        meanings={1: "--until-empty: some stories ended as dead letters", 3: "broker unreachable"},
    )
)
def consume(
    prefetch: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Stories to process at the same time; the worker holds no more than that. (default: 1)",
        ),
    ] = None,
    orchestrator: Orchestrator = None,
    cwd: Cwd = None,
    output: Output = None,
    max_attempts: MaxAttempts = None,
    time_limit: TimeLimit = None,
    drain_timeout: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="After the first SIGTERM or Ctrl-C, requeue stories that still run after this time. "
            "(default: 10m)",
        ),
    ] = None,
    worker_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name in reports. (default: host and pid)")
    ] = None,
    until_empty: Annotated[
        bool,
        typer.Option(
            "--until-empty",
            help="Exit when no story is queued or waiting for a retry; "
            "exit code 1 if any story ended as a dead letter.",
        ),
    ] = False,
    _version: Version = False,
) -> None:
    """Make videos of the stories in the queue, each in a child process of its own.

    On the first Ctrl-C, SIGTERM or SIGHUP the worker accepts no new stories and finishes the running ones.
    On the second it requeues them immediately; no attempt is used up.
    """

    def work() -> int:
        from gt_common.log import configure_logging
        from gt_common.settings import load_settings
        from gt_consumer.worker.command import consume_stories

        settings = load_settings(
            prefetch=prefetch,
            orchestrator=orchestrator,
            cwd=cwd,
            output=output,
            max_attempts=max_attempts,
            time_limit=time_limit,
            drain_timeout=drain_timeout,
            worker_name=worker_name,
        )
        configure_logging(settings)
        return consume_stories(settings, until_empty=until_empty)

    run_command("gt-consume", work, plugins=True)
