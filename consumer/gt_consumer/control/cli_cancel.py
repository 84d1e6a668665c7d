"""Command line of `gt-control cancel`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import ask, epilog
from gt_common.errors import ExitCode
from gt_consumer.control.cli_options import Batch, Json, Reason, Yes, run_configured

if TYPE_CHECKING:
    from gt_common.settings import Settings

CANCEL_EPILOG = epilog(
    "gt-control cancel monday --reason 'wrong list'\n"
    "gt-control cancel monday --story 3f0c9a5d1b7e4c22 --running finish",
    ExitCode.CREDENTIALS,
    ExitCode.NO_SUCH_BATCH,
    meanings={
        ExitCode.UNREACHABLE: "broker or ledger unreachable, or no aggregator took the cancel within 10 s",
        ExitCode.NOT_FINISHED: "still being published: what is not listed yet was not cancelled; or gt-batch "
        "has not reported the end of what ran",
    },
)


class Running(StrEnum):
    """What becomes of attempts that run."""

    STOP = "stop"
    FINISH = "finish"


def cancel_stories(
    batch: Batch,
    story: Annotated[
        list[str] | None,
        typer.Option(
            "--story", metavar="ID", help="Only this story; repeatable. `gt-report BATCH --csv` has the ids."
        ),
    ] = None,
    running: Annotated[
        Running,
        typer.Option(
            help="Attempts that run: stop them, or let them finish; one that then fails is not repeated."
        ),
    ] = Running.STOP,
    reason: Reason = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Cancel a batch, or some stories of it.

    Stories that are queued, wait for a retry or run become `cancelled` at once in the ledger and in reports,
    wherever their messages are; workers drop the messages when they meet them. The processes of a story that
    runs are gone within 6 seconds. A story that succeeds all the same stays a success.

    `gt-dlq restore` makes cancelled stories dead letters, which `gt-dlq replay` runs after all.
    """

    def work(settings: Settings) -> int:
        from gt_common.cli.operator import operator
        from gt_consumer.control.command_cancel import cancel
        from gt_consumer.control.orders import CancelOrder

        order = CancelOrder(batch, frozenset(story or ()), running.value, operator(), reason)
        return cancel(settings, order, yes=yes, ask=ask, as_json=as_json)

    run_configured(work)
