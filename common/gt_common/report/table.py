"""The report on a terminal: head, counts, failure groups, stories with failures first, next commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.report import view
from gt_common.report.building import Screenful, Surroundings
from gt_common.report.eta import Range, say_range
from gt_common.report.grid import STATUS_STYLES, Cells, Grid, Widths, cells_of
from gt_common.report.model import BatchHead
from gt_common.report.rows import StoryRow
from gt_common.texts import one_line, plural, short_path

PHASE_STYLES = {
    BatchPhase.OPEN: "cyan",
    BatchPhase.DONE: "green",
    BatchPhase.DONE_WITH_FAILURES: "bold red",
}
_LATEST_FIRST: Final = frozenset({StoryStatus.SUCCESS, StoryStatus.CANCELLED})


def render(
    shown: Screenful,
    now: datetime,
    *,
    max_rows: int | None = None,
    commands: Sequence[tuple[str, str]] | None = None,
) -> RenderableType:
    """Format what a screen shows of a batch.

    Parameters:
        max_rows: most stories to list; None for all that are at hand
        commands: next steps as (command, purpose); None for those that the state of the batch suggests
    """
    parts: list[RenderableType] = [*top(shown.head, shown.around, now)]
    rows = view.in_reading_order(choose(shown.rows, max_rows))
    if rows:
        parts += [Text(), _Lines([cells_of(row) for row in rows])]
    if shown.listed > len(rows):
        parts.append(_left_out(shown, rows, commands))
    steps = view.next_commands(shown.head) if commands is None else commands
    if steps:
        parts += [*next_steps(steps)]
    return Group(*parts)


def top(head: BatchHead, around: Surroundings, now: datetime) -> Iterator[RenderableType]:
    """Yield what is above the stories: the batch, its counts, the causes of failure."""
    yield _head(head, around, now)
    yield Text()
    yield _counts(head, around.eta)
    if head.failure_groups:
        yield Text()
        yield from _groups(head, around)


def next_steps(steps: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    """Yield what is below the stories: commands to copy."""
    yield Text()
    yield Text("Next", style="bold")
    yield _Steps(steps)


def choose(rows: Sequence[StoryRow], limit: int | None) -> list[StoryRow]:
    """Return the stories that a screen has room for: failures, running ones, and the last of the others.

    Each status gets half of what room the ones before it leave, and at least three lines; what remains goes
    to the first again.
    """
    if limit is None or len(rows) <= limit:
        return [*rows]
    of_status: dict[StoryStatus, list[StoryRow]] = {}
    for row in rows:
        of_status.setdefault(row.status, []).append(row)
    order = sorted(of_status, key=view.reading_rank)
    for status in order:
        if status not in _LATEST_FIRST:
            of_status[status].sort(key=lambda row: row.position)
    takes: dict[StoryStatus, int] = {}
    for status in order:
        room = limit - sum(takes.values())
        takes[status] = min(len(of_status[status]), max(room // 2, min(room, 3)))
    for status in order:
        takes[status] += min(len(of_status[status]) - takes[status], limit - sum(takes.values()))
    return [row for status in order for row in of_status[status][: takes[status]]]


def _left_out(shown: Screenful, rows: Sequence[StoryRow], commands: Sequence[tuple[str, str]] | None) -> Text:
    number = shown.listed - len(rows)
    line = f"… and {number} more {'story' if number == 1 else 'stories'}"
    if commands is None:
        line += f"; all of them: gt-report {shown.head.batch_id} --all"
    return Text(line, style="dim")


@dataclass(frozen=True)
class _Lines:
    """The lines of some stories, as wide as the console."""

    rows: Sequence[Cells]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        grid = Grid(Widths(self.rows), options.max_width)
        yield Text(grid.header(), style="dim", no_wrap=True, overflow="crop")
        for cells in self.rows:
            yield grid.text(cells)


def _head(head: BatchHead, around: Surroundings, now: datetime) -> RenderableType:
    title = Text.assemble(("Batch ", "dim"), (head.batch_id, "bold"))
    if head.name:
        title.append(f"  {one_line(head.name)}")
    title.append(f"  {view.said_state(head.state)}", style=PHASE_STYLES[head.state])
    if paused := view.said_pause(head):
        title.append(f"  {paused}", style="yellow")
    lines: list[RenderableType] = [title]
    opened = None
    if head.opened_at:
        opened = f"{head.opened_at.astimezone():%Y-%m-%d %H:%M} ({view.ago(head.opened_at, now)})"
    facts = view.facts(head, around, opened)
    if facts:
        lines.append(Text(" · ".join(facts), style="dim"))
    if around.folder is not None and str(around.folder) not in {"", "."}:
        lines.append(Text(f"videos in {one_line(short_path(around.folder))}/", style="dim"))
    return Group(*lines)


def _counts(head: BatchHead, eta: Range | None) -> Text:
    line = Text.assemble((f"{head.finished}/{head.total}", "bold"), f" finished, {view.percent(head)} %:")
    for word, number in view.count_parts(head):
        line.append("  ")
        line.append(f"{number} {word}", style=STATUS_STYLES[word])
    if eta:
        line.append(f"  {say_range(eta)} left")
    return line


def _groups(head: BatchHead, around: Surroundings) -> Iterator[RenderableType]:
    of = f" (the latest {around.failures_read:,})" if around.failures_read else ""
    yield Text(f"Failures by cause{of}", style="bold")
    for group in head.failure_groups:
        line = Text.assemble((f"{group.count}x ", "bold red"), (one_line(group.error_type), "red"))
        if group.stage:
            line.append(f" in {one_line(group.stage)}")
        line.append(f"  {group.fingerprint}", style="dim")
        yield Padding(line, (0, 0, 0, 2))
        yield Padding(Text(one_line(group.sample)[:500]), (0, 0, 0, 5))
        if step := view.next_step(group, head, around):
            yield Padding(Text.assemble(("next: ", "dim"), step), (0, 0, 0, 5))
    if around.other_causes:
        yield Padding(Text(f"… and {plural(around.other_causes, 'other cause')}", style="dim"), (0, 0, 0, 2))


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
