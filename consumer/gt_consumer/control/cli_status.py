"""Command line of `gt-control status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gt_common.cli.app import epilog
from gt_common.errors import ExitCode
from gt_consumer.control.cli_options import Json, run_configured

if TYPE_CHECKING:
    from gt_common.settings import Settings

STATUS_EPILOG = epilog(
    "gt-control status\ngt-control status --json | jq '.workers[].name'",
    ExitCode.CREDENTIALS,
    meanings={ExitCode.UNREACHABLE: "broker unreachable"},
)


def show_status(as_json: Json = False) -> None:
    """Show what workers run, what is paused, and what waits.

    A worker that dies disappears within 30 seconds. Slots are the stories that a worker can run at the same
    time.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.control.status.command import print_status

        return print_status(settings, as_json=as_json)

    run_configured(work)
