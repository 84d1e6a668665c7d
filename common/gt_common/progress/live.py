"""The live display: one line for the batch, one per running story, redrawn in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gt_common.lifecycle import BatchState, StoryStatus
from gt_common.progress import lines

REFRESH: Final = 4
"""Redraws per second: enough for a clock that counts seconds, too few to flicker."""
WIDEST: Final = 80
"""A terminal that is made narrower would wrap wider lines, and leave the second halves behind."""
BAR: Final = 20

_STYLES = {
    StoryStatus.SUCCESS: "green",
    StoryStatus.FAILED: "bold red",
    StoryStatus.RUNNING: "cyan",
    StoryStatus.RETRYING: "yellow",
    StoryStatus.CANCELLED: "dim",
}


@dataclass(frozen=True)
class Snapshot:
    """What to draw: the batch, the cells of its running stories, and in words its cost and the time left."""

    state: BatchState
    running: Sequence[tuple[str, ...]]
    left: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw within the current size of the terminal; no line is ever wrapped."""
        width = min(options.max_width, WIDEST)
        if not self.state.total:
            return
        yield self._overall(width, console.encoding.lower().startswith("utf"))
        # One line for the batch, one for what is left out, one for the cursor.
        room = max(console.size.height - 3, 1)
        if self.running:
            yield self._stories(self.running[:room], width)
        if len(self.running) > room:
            yield Text(f"  … and {len(self.running) - room} more running", style="dim")

    def _overall(self, width: int, unicode: bool) -> Text:
        line = Text(lines.tally(self.state), style="bold", no_wrap=True, overflow="ellipsis")
        for status, word in lines.count_words(self.state):
            line.append("  ").append(word, style=f"not bold {_STYLES[status]}")
        if self.left:
            line.append("  ").append(self.left, style="not bold")
        if line.cell_len + BAR + 2 <= width and self.state.total:
            full = BAR * lines.finished(self.state) // self.state.total
            done, rest = ("━", "─") if unicode else ("#", "-")
            line.append("  ").append(done * full, style="not bold green")
            line.append(rest * (BAR - full), style="not bold dim")
        line.truncate(width, overflow="ellipsis")
        return line

    def _stories(self, running: Sequence[tuple[str, ...]], width: int) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.width = width
        table.add_column(justify="right", no_wrap=True, min_width=3, style="dim")
        table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
        table.add_column(no_wrap=True, min_width=9, max_width=16, overflow="ellipsis", style="cyan")
        table.add_column(justify="right", no_wrap=True, min_width=4)
        table.add_column(justify="right", no_wrap=True, min_width=5)
        table.add_column(no_wrap=True, max_width=18, overflow="ellipsis", style="dim")
        table.add_column(no_wrap=True, style="yellow")
        for cells in running:
            table.add_row(*(Text(cell) for cell in cells))
        return table


class LiveDisplay:
    """Redraw a snapshot at the bottom of a terminal; printed lines appear above it.

    Parameters:
        snapshot: returns what to draw now; called from rich's refresh thread
    """

    def __init__(self, console: Console, snapshot: Callable[[], Snapshot]) -> None:
        self._console = console
        self._live = Live(
            get_renderable=snapshot,
            console=console,
            refresh_per_second=REFRESH,
            transient=True,
            redirect_stdout=False,
        )

    def start(self) -> None:
        """Start drawing."""
        self._live.start(refresh=True)

    def stop(self) -> None:
        """Erase the display and restore the cursor."""
        self._live.stop()

    def say(self, line: str, style: str = "") -> None:
        """Print a line that stays above the display."""
        self._console.print(Text(line, style=style), soft_wrap=True)
