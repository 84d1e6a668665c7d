"""Command lines of `gt-control pause` and `gt-control resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import ask, epilog
from gt_common.cli.completion import complete_batch_id
from gt_common.cli.options import MaxCost, MaxFailures
from gt_common.errors import ExitCode
from gt_consumer.control.cli_options import Json, Reason, Yes, run_configured

if TYPE_CHECKING:
    from gt_common.settings import Settings

_MEANINGS = {ExitCode.UNREACHABLE: "broker or ledger unreachable, or no aggregator took it within 10 s"}
PAUSE_EPILOG = epilog(
    "gt-control pause\ngt-control pause monday --reason 'prices have changed'",
    ExitCode.CREDENTIALS,
    ExitCode.NO_SUCH_BATCH,
    meanings=_MEANINGS,
)
RESUME_EPILOG = epilog(
    "gt-control resume\ngt-control resume monday --max-cost 30",
    ExitCode.CREDENTIALS,
    ExitCode.NO_SUCH_BATCH,
    meanings=_MEANINGS,
)

MaybeBatch = Annotated[
    str | None,
    typer.Argument(
        metavar="[BATCH]",
        help="Batch id; without one, the whole fleet.",
        autocompletion=complete_batch_id,
        show_default=False,
    ),
]


def pause_stories(
    batch: MaybeBatch = None, reason: Reason = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Pause a batch, or without one the whole fleet.

    No story of it starts until it is resumed; running stories continue. Stories of other batches pass those
    of a paused one. No attempt is used up. Reports say who paused it and why.
    """
    _change(batch, reason, pause=True, yes=yes, as_json=as_json)


def resume_stories(
    batch: MaybeBatch = None,
    max_failures: MaxFailures = None,
    max_cost: MaxCost = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Resume a batch, or without one the whole fleet.

    Each has its own pause: resuming the fleet does not resume a batch that was paused itself. A batch that
    has cost what --max-cost allows is only resumed with a higher limit; --max-failures starts from zero.
    """
    _change(batch, reason, max_failures, max_cost, pause=False, yes=yes, as_json=as_json)


def _change(
    batch: str | None,
    reason: str | None,
    max_failures: str | None = None,
    max_cost: str | None = None,
    *,
    pause: bool,
    yes: bool,
    as_json: bool,
) -> None:
    def work(settings: Settings) -> int:
        from gt_common.cli.operator import operator
        from gt_common.cli.stop_rules import parse_rules
        from gt_consumer.control.command_pause import change_pause
        from gt_consumer.control.pause import PauseOrder

        order = PauseOrder(batch, pause, operator(), reason, parse_rules(max_failures, max_cost))
        return change_pause(settings, order, yes=yes, ask=ask, as_json=as_json)

    run_configured(work)
