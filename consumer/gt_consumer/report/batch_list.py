"""The list of batches, as gt-report prints it without an id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.lifecycle import StoryStatus
from gt_common.messages import Paused, utc_now
from gt_common.money import as_number, format_amount
from gt_common.report import table, view
from gt_common.report.fitted import Column, fitted_table
from gt_common.texts import one_line, utc_text

if TYPE_CHECKING:
    from gt_common.ledger import BatchSummary
    from gt_common.ledger.reader import LedgerReader

LISTED: Final = 50
LISTED_JSON: Final = 100_000
_NAME_WIDTH: Final = 24
_NAMED_WIDTH: Final = 80
"""Below this width the list of batches has no names: counts and ages matter more."""
_COST_WIDTH: Final = 20
"""So much wider it must be for them where there are costs."""


def print_batches(ledger: LedgerReader, currency: str, *, as_json: bool) -> None:
    """Print the batches, newest first: all as a JSON array, or the newest 50 as a table.

    Parameters:
        currency: of all costs
    """
    if as_json:
        print(json.dumps(batches_document(ledger, currency), indent=2, ensure_ascii=False))
        return
    batches = ledger.batches(LISTED + 1)
    console = make_console()
    if not batches:
        console.print(
            Text(
                f"No batches yet in the ledger {ledger.label}; `gt-produce -f urls.txt` publishes one, "
                "`gt-batch -f urls.txt` runs one."
            )
        )
        return
    console.print(fitted_table(_columns(batches[:LISTED], currency, console.width), console.width))
    if len(batches) > LISTED:
        console.print(Text(f"the newest {LISTED}; --json lists all", style="dim"))


def batches_document(ledger: LedgerReader, currency: str) -> list[dict[str, object]]:
    """Return all batches, newest first, as JSON; for parameters and errors see `print_batches`."""
    return [_summary(batch, currency) for batch in ledger.batches(LISTED_JSON)]


def _summary(batch: BatchSummary, currency: str) -> dict[str, object]:
    return {
        "batch_id": batch.batch_id,
        "name": batch.name,
        "state": batch.phase.value,
        "paused": _pause(batch.paused),
        "total": batch.total,
        "successful": batch.counts.get(StoryStatus.SUCCESS, 0),
        "failed": batch.counts.get(StoryStatus.FAILED, 0),
        "cancelled": batch.counts.get(StoryStatus.CANCELLED, 0),
        "opened_at": utc_text(batch.opened_at) if batch.opened_at else None,
        "cost": as_number(batch.cost),
        "cost_wasted": as_number(batch.cost_wasted),
        "currency": currency,
    }


def _pause(paused: Paused | None) -> dict[str, str | None] | None:
    return {"by": paused.by, "reason": paused.reason, "at": utc_text(paused.at)} if paused else None


def _columns(batches: list[BatchSummary], currency: str, width: int) -> list[Column]:
    now = utc_now()
    some_cost = any(batch.cost is not None for batch in batches)
    some_cancelled = any(batch.counts.get(StoryStatus.CANCELLED) for batch in batches)
    named = width >= _NAMED_WIDTH + (_COST_WIDTH if some_cost else 0)
    columns = [Column("BATCH", [Text(batch.batch_id) for batch in batches], shape="id")]
    if named:
        names = [Text(one_line(batch.name or "")) for batch in batches]
        columns.append(Column("NAME", names, leaves=4, shape="name", most=_NAME_WIDTH))
    columns += [
        Column("STATE", [_state(batch) for batch in batches]),
        Column("TOTAL", [Text(str(batch.total)) for batch in batches], justify="right"),
        _count("OK", StoryStatus.SUCCESS, batches),
        _count("FAILED", StoryStatus.FAILED, batches, style="red"),
    ]
    if some_cancelled:
        columns.append(_count("CANCELLED", StoryStatus.CANCELLED, batches, leaves=3))
    if some_cost:
        costs = [Text(_said_cost(batch)) for batch in batches]
        columns.append(Column(f"COST {currency}" if named else "COST", costs, leaves=1, justify="right"))
    ages = [view.ago(batch.opened_at, now) if batch.opened_at else "" for batch in batches]
    columns.append(Column("OPENED", [Text(age, style="dim") for age in ages], leaves=2))
    return columns


def _count(
    head: str, status: StoryStatus, batches: list[BatchSummary], *, style: str = "", leaves: int = 0
) -> Column:
    numbers = [batch.counts.get(status, 0) for batch in batches]
    cells = [Text(str(number), style=style if number else "") for number in numbers]
    return Column(head, cells, leaves=leaves, justify="right")


def _state(batch: BatchSummary) -> Text:
    if batch.paused:
        return Text("paused", style="yellow")
    return Text(view.said_state(batch.phase), style=table.PHASE_STYLES[batch.phase])


def _said_cost(batch: BatchSummary) -> str:
    cost = as_number(batch.cost)
    return "" if cost is None else format_amount(cost)
