"""Options and start-up that the gt-control commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import run_configured as run_app
from gt_common.cli.completion import complete_batch_id

if TYPE_CHECKING:
    from gt_common.settings import Settings


Batch = Annotated[
    str,
    typer.Argument(metavar="BATCH", help="Batch id.", autocompletion=complete_batch_id, show_default=False),
]


Reason = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Reason; kept in the ledger and shown in reports."),
]


Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation.")]


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def run_configured(work: Callable[[Settings], int]) -> None:
    """Load settings, configure logging and run one command; exit with its code."""
    run_app("gt-control", work)
