"""What gt-report prints: the list of batches, or one batch in any form."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.files import write_atomically
from gt_common.lifecycle import BatchState, StoryStatus
from gt_common.messages import utc_now
from gt_common.report import csv_out, html, markdown, table, view
from gt_common.report.eta import eta_range
from gt_common.report.model import BatchResult, build_report
from gt_common.texts import one_line, short_path

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gt_common.ledger import BatchSummary
    from gt_common.ledger.ledger import LedgerReader
    from gt_consumer.report.request import Form


LISTED: Final = 50
LISTED_JSON: Final = 100_000
_ID_WIDTH: Final = 40
_NAMED_WIDTH: Final = 80
"""Below this width the list of batches has no names: counts and ages matter more."""
_HEAD_LINES: Final = 14
"""Lines that a redrawn table needs besides its stories and groups."""


def print_batches(ledger: LedgerReader, *, as_json: bool) -> None:
    """Print the batches, newest first: all as a JSON array, or the newest 50 as a table."""
    if as_json:
        print(
            json.dumps(
                [_summary(batch) for batch in ledger.batches(LISTED_JSON)], indent=2, ensure_ascii=False
            )
        )
        return
    batches = ledger.batches(LISTED + 1)
    console = make_console()
    if not batches:
        console.print(
            Text("No batches yet; `gt-produce -f urls.txt` publishes one, `gt-batch -f urls.txt` runs one.")
        )
        return
    console.print(_batch_table(batches[:LISTED], named=console.width >= _NAMED_WIDTH))
    if len(batches) > LISTED:
        console.print(Text(f"the newest {LISTED}; --json lists all", style="dim"))


def print_report(ledger: LedgerReader, batch_id: str, form: Form, *, quiet: bool = False) -> BatchResult:
    """Print a batch in a form and return its report.

    Parameters:
        quiet: omit the table, as when a page is written; forms for programs are printed nevertheless
    """
    state = ledger.batch(batch_id)
    report = build_report(state, utc_now())
    if form == "json":
        print(report.to_json())
    elif form == "csv":
        _print_csv(csv_out.render(report))
    elif form == "markdown":
        sys.stdout.write(markdown.render(report))
    elif not quiet:
        make_console().print(screen(state, None), crop=False)
    return report


def _print_csv(text: str) -> None:
    """Print CSV; at the beginning of a file with the mark by which spreadsheets recognise UTF-8."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and _is_empty_file(out):
        out.reconfigure(encoding="utf-8")
        out.write("\ufeff")
    out.write(text)


def _is_empty_file(out: io.TextIOWrapper) -> bool:
    try:
        found = os.fstat(out.fileno())
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and not found.st_size


def write_page(ledger: LedgerReader, report: BatchResult, path: Path) -> None:
    """Write the report as a page, whole or not at all, and print its path."""
    page = html.render(report, ledger.attempts(report.batch_id), folder=path.absolute().parent)
    write_atomically(path, page)
    print(f"report written to {short_path(path)}", file=sys.stderr)


def screen(state: BatchState, height: int | None) -> RenderableType:
    """Format a batch with local times, to fit a screen of `height` lines if that is given."""
    now = utc_now().astimezone()
    report = build_report(state, now)
    eta = eta_range(state, now)
    if height is None:
        return table.render(report, now, eta=eta)
    rows = max(height - _HEAD_LINES - 4 * len(report.failure_groups), 3)
    return table.render(report, now, eta=eta, max_rows=rows, commands=())


def _summary(batch: BatchSummary) -> dict[str, object]:
    return {
        "batch_id": batch.batch_id,
        "name": batch.name,
        "state": batch.phase.value,
        "total": batch.total,
        "successful": batch.counts.get(StoryStatus.SUCCESS, 0),
        "failed": batch.counts.get(StoryStatus.FAILED, 0),
        "opened_at": _utc(batch.opened_at),
    }


def _utc(when: datetime | None) -> str | None:
    """Format a time as the JSON report does."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z") if when else None


def _batch_table(batches: list[BatchSummary], *, named: bool) -> Table:
    """Format the list of batches, with or without their names."""
    now = utc_now()
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    widest = max(len(batch.batch_id) for batch in batches)
    grid.add_column("BATCH", overflow="fold", min_width=min(widest, _ID_WIDTH))
    if named:
        grid.add_column("NAME", no_wrap=True, overflow="ellipsis", max_width=24)
    grid.add_column("STATE", no_wrap=True)
    for head in ("TOTAL", "OK", "FAILED"):
        grid.add_column(head, justify="right", no_wrap=True)
    grid.add_column("OPENED", no_wrap=True)
    for batch in batches:
        failed = batch.counts.get(StoryStatus.FAILED, 0)
        name = [Text(one_line(batch.name or ""))] if named else []
        grid.add_row(
            Text(batch.batch_id),
            *name,
            Text(view.said_state(batch.phase), style=table.PHASE_STYLES[batch.phase]),
            str(batch.total),
            str(batch.counts.get(StoryStatus.SUCCESS, 0)),
            Text(str(failed), style="red" if failed else ""),
            Text(view.ago(batch.opened_at, now) if batch.opened_at else "", style="dim"),
        )
    return grid
