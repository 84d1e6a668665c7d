"""The report as a table of every story, for a file, a pipe or a pager."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.console import Console, RenderableType

from gt_common.report import table, view
from gt_common.report.building import ReportBuilder, WholeBatch
from gt_common.report.grid import Cells, Grid, Painter, Widths, cells_of
from gt_common.report.reading_order import ReadingOrder


def lines(batch: WholeBatch, now: datetime, console: Console) -> Iterator[str]:
    """Yield the table of a batch line by line, each with its end, for a console."""
    builder, widths = ReportBuilder(now, batch.currency), Widths()
    with ReadingOrder[Cells]() as rows:
        listed = False
        for story in batch.stories():
            row = builder.take(story)
            cells = cells_of(row)
            widths.add(cells)
            rows.add(row.status, cells)
            listed = True
        head, around = builder.finish(batch.header)
        yield _rendered(console, table.top(head, around, now))
        if listed:
            grid, painter = Grid(widths, console.width), Painter(console)
            yield f"\n{painter.faint(grid.header())}\n"
            for cells in rows:
                yield f"{painter.paint(grid.plain(cells), cells)}\n"
        if steps := view.next_commands(head):
            yield _rendered(console, table.next_steps(steps))


def _rendered(console: Console, parts: Iterable[RenderableType]) -> str:
    with console.capture() as capture:
        for part in parts:
            console.print(part, crop=False)
    return "\n".join(line.rstrip() for line in capture.get().split("\n"))
