"""The report on a terminal: head, counts, failure groups, stories with failures first, next commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gt_common.lifecycle import BatchPhase
from gt_common.report import view
from gt_common.report.advice import advice
from gt_common.report.eta import Range, say_range
from gt_common.report.model import BatchResult, VideoResult
from gt_common.texts import one_line, short_path

STATUS_STYLES = {
    "success": "green",
    "failed": "bold red",
    "running": "cyan",
    "retrying": "yellow",
    "queued": "dim",
    "cancelled": "dim",
}
PHASE_STYLES = {
    BatchPhase.OPEN: "cyan",
    BatchPhase.DONE: "green",
    BatchPhase.DONE_WITH_FAILURES: "bold red",
}


def render(
    report: BatchResult,
    now: datetime,
    *,
    eta: Range | None = None,
    max_rows: int | None = None,
    commands: Sequence[tuple[str, str]] | None = None,
) -> RenderableType:
    """Format a report for rich.

    Parameters:
        eta: estimated seconds left; without it the middle that the report has is shown
        max_rows: most stories to list, for a screen that is redrawn; None lists all
        commands: next steps as (command, purpose); None for those that the state of the batch suggests
    """
    parts: list[RenderableType] = [_head(report, now), Text(), _counts(report, eta)]
    if report.failure_groups:
        parts += [Text(), *_groups(report)]
    if report.results:
        parts += [Text(), _items(report, max_rows)]
    hidden = len(report.results) - max_rows if max_rows is not None else 0
    if hidden > 0:
        parts.append(Text(f"… and {hidden} more", style="dim"))
    steps = view.next_commands(report) if commands is None else commands
    if steps:
        parts += [Text(), Text("Next", style="bold"), _Steps(steps)]
    return Group(*parts)


def _head(report: BatchResult, now: datetime) -> RenderableType:
    title = Text.assemble(("Batch ", "dim"), (report.batch_id, "bold"))
    if report.name:
        title.append(f"  {one_line(report.name)}")
    title.append(f"  {view.said_state(report.state)}", style=PHASE_STYLES[report.state])
    lines: list[RenderableType] = [title]
    opened = None
    if report.opened_at:
        opened = f"{report.opened_at.astimezone():%Y-%m-%d %H:%M} ({view.ago(report.opened_at, now)})"
    facts = view.facts(report, opened)
    if facts:
        lines.append(Text(" · ".join(facts), style="dim"))
    if folder := _video_folder(report):
        lines.append(Text(f"videos in {folder}", style="dim"))
    return Group(*lines)


def _video_folder(report: BatchResult) -> str | None:
    folders = {str(result.output_path.parent) for result in report.results if result.output_path}
    return one_line(short_path(folders.pop())) + "/" if len(folders) == 1 and "" not in folders else None


def _counts(report: BatchResult, eta: Range | None) -> Text:
    line = Text.assemble(
        (f"{report.finished}/{report.total}", "bold"), f" finished, {view.percent(report)} %:"
    )
    for word, number in view.count_parts(report):
        line.append("  ")
        line.append(f"{number} {word}", style=STATUS_STYLES[word])
    if eta:
        line.append(f"  {say_range(eta)} left")
    elif report.eta_s is not None:
        line.append(f"  {view.said_eta(report.eta_s)}")
    return line


def _groups(report: BatchResult) -> Iterator[RenderableType]:
    yield Text("Failures by cause", style="bold")
    for group in report.failure_groups:
        head = Text.assemble((f"{group.count}x ", "bold red"), (one_line(group.error_type), "red"))
        if group.stage:
            head.append(f" in {one_line(group.stage)}")
        head.append(f"  {group.fingerprint}", style="dim")
        yield Padding(head, (0, 0, 0, 2))
        yield Padding(Text(one_line(group.sample)[:300]), (0, 0, 0, 5))
        if step := advice(group, report):
            yield Padding(Text.assemble(("next: ", "dim"), step), (0, 0, 0, 5))


def _items(report: BatchResult, max_rows: int | None) -> Table:
    rows = view.in_reading_order(report.results)[:max_rows]
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("STATUS", no_wrap=True)
    if any(view.stage_of(row) for row in rows):
        table.add_column("STAGE", no_wrap=True, max_width=12)
    table.add_column("TIME", justify="right", no_wrap=True)
    table.add_column("TRY", no_wrap=True)
    table.add_column("STORY", no_wrap=True, ratio=1)
    table.add_column("OUTPUT / ERROR", no_wrap=True, ratio=1)
    for row in rows:
        cells = [str(row.position), row.status.value, view.stage_of(row), view.short_duration(row.duration_s)]
        if len(table.columns) == 6:
            del cells[2]
        cells += [view.tries(row), view.story_label(row, 12), _outcome(row)]
        styles = {1: STATUS_STYLES[row.status], len(cells) - 1: "red" if row.failure else ""}
        table.add_row(*(Text(cell, style=styles.get(place, "")) for place, cell in enumerate(cells)))
    return table


def _outcome(row: VideoResult) -> str:
    if row.output_path:
        return one_line(row.output_path.name)
    return "; ".join(part for part in (view.said_waiting(row), view.said_error(row)) if part)


@dataclass(frozen=True)
class _Steps:
    """Commands to copy, with their purpose beside them or, where there is no room for that, below them.

    A command that is longer than a line is left to the terminal to wrap; print it without cropping.
    """

    steps: Sequence[tuple[str, str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(cell_len(command) for command, _ in self.steps)
        beside = all(width + cell_len(purpose) + 4 <= options.max_width for _, purpose in self.steps)
        for command, purpose in self.steps:
            gap = " " * (width - cell_len(command) + 2) if beside else "\n    "
            yield Text.assemble(f"  {command}{gap}", (purpose, "dim"), no_wrap=True, overflow="ignore")
