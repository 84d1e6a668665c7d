"""Command line of `gt-dashboard`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import Version, epilog, make_app, run_configured
from gt_common.errors import ExitCode

if TYPE_CHECKING:
    from gt_common.settings import Settings

app = make_app()

_EPILOG = epilog(
    "gt-dashboard\n"
    "gt-dashboard --read-only --port 9000\n"
    "GT_DASHBOARD_PASSWORD_FILE=/run/secrets/dashboard gt-dashboard --host 0.0.0.0",
    meanings={
        ExitCode.USAGE: "usage error, a wrong setting, the port is taken, or no password is set for an "
        "address of the network",
        ExitCode.CREDENTIALS: "the file of a password cannot be used",
    },
)


@app.command(epilog=_EPILOG)
def dashboard(
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Address to listen on; others than 127.0.0.1 need a login."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8711,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Show everything and change nothing, for all users.")
    ] = False,
    trust_header: Annotated[
        str | None,
        typer.Option(
            "--trust-header",
            metavar="NAME",
            help="Take the user's name from this header, such as X-Forwarded-User: only behind a proxy that "
            "logs users in and sets it.",
        ),
    ] = None,
    _version: Version = False,
) -> None:
    """Serve the live page of batches, stories, dead letters, workers and queues.

    It prints its address. On 127.0.0.1 that carries a token, which the browser exchanges for a session.
    On other addresses GT_DASHBOARD_PASSWORD lets operators log in, GT_DASHBOARD_READER_PASSWORD those who
    only look. Without a broker it shows what the ledger has.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.dashboard.command import Request, serve

        return serve(settings, Request(host, port, read_only=read_only, trust_header=trust_header))

    run_configured("gt-dashboard", work)
