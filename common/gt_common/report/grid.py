"""The stories of a report as lines of one width, made one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.console import Console
from rich.text import Text

from gt_common.report import view
from gt_common.report.rows import StoryRow
from gt_common.texts import one_line

STATUS_STYLES: Final = {
    "success": "green",
    "failed": "bold red",
    "running": "cyan",
    "retrying": "yellow",
    "queued": "dim",
    "cancelled": "dim",
}
_HEADERS: Final = ("#", "STATUS", "STAGE", "TIME", "TRY", "COST", "STORY", "OUTPUT / ERROR")
_FIXED: Final = 6
"""Columns that are as wide as their texts; the others share the rest."""
_STAGE: Final = 2
_COST: Final = 5
_RIGHT: Final = frozenset({0, 3, _COST})
_MOST: Final = {_STAGE: 12}
_GAP: Final = "  "
_FAINT: Final = "dim"

Cells = tuple[str, ...]
"""What a line shows of a story; at its end whether that is an error, as `failed` or an empty text."""


def cells_of(row: StoryRow) -> Cells:
    """Return what a line shows of a story."""
    outcome = one_line(view.video_name(row)) if row.output_path else view.said_outcome(row)
    return (
        str(row.position),
        row.status.value,
        view.stage_of(row),
        view.short_duration(row.duration_s),
        view.tries(row),
        view.story_cost(row),
        view.story_label(row, 12),
        outcome,
        "failed" if row.failure else "",
    )


class Widths:
    """How wide the columns must be; add the cells of every line first."""

    def __init__(self, rows: Iterable[Cells] = ()) -> None:
        self._widest = [0] * _FIXED
        for row in rows:
            self.add(row)

    def add(self, cells: Cells) -> None:
        """Note how wide the cells of a line are."""
        for column, text in zip(range(_FIXED), cells, strict=False):
            width = len(text) if _is_simple(text) else cell_len(text)
            if width > self._widest[column]:
                self._widest[column] = width

    def for_line(self, width: int) -> list[int]:
        """Return the width of each column, 0 for one that is left out, in lines of a width."""
        fixed = [
            min(max(widest, len(header)), _MOST.get(column, width))
            for column, (widest, header) in enumerate(zip(self._widest, _HEADERS, strict=False))
        ]
        for column in (_STAGE, _COST):
            if not self._widest[column]:
                fixed[column] = 0
        used = sum(size + len(_GAP) for size in fixed if size)
        rest = max(width - used - len(_GAP), 2)
        return [*fixed, rest // 2, rest - rest // 2]


class Grid:
    """Formats lines of a table."""

    def __init__(self, widths: Widths, width: int) -> None:
        self._width = width
        self._widths = widths.for_line(width)
        shown = [size for size in self._widths if size]
        self._fits = sum(shown) + len(_GAP) * (len(shown) - 1) <= width

    def header(self) -> str:
        """Return the line above the stories."""
        return self._fit(_GAP.join(self._padded(_HEADERS)).rstrip())

    def text(self, cells: Cells) -> Text:
        """Return the line of a story with its styles."""
        padded = self._padded(cells)
        line = Text(no_wrap=True, overflow="crop")
        place = [column for column, size in enumerate(self._widths) if size]
        for column, part in zip(place, padded, strict=True):
            line.append(part, style=_style(column, cells)).append(_GAP)
        line.rstrip()
        line.truncate(self._width)
        return line

    def plain(self, cells: Cells) -> str:
        """Return the line of a story without styles."""
        line = _GAP.join(self._padded(cells)).rstrip()
        # To measure the columns of a line takes longer than anything else that is done with it.
        return line if self._fits and _is_simple("".join(cells)) else self._fit(line)

    def _padded(self, cells: Sequence[str]) -> list[str]:
        return [
            _sized(text, size, right=column in _RIGHT)
            for column, (text, size) in enumerate(zip(cells, self._widths, strict=False))
            if size
        ]

    def _fit(self, line: str) -> str:
        return line if cell_len(line) <= self._width else set_cell_size(line, self._width).rstrip()


class Painter:
    """Colours the lines of a grid for a console, without what rich does to any text."""

    def __init__(self, console: Console) -> None:
        names = (*STATUS_STYLES.values(), "red", _FAINT)
        self._styles = {name: console.get_style(name) for name in names}
        self._console = console

    def faint(self, line: str) -> str:
        """Return a line as headers are."""
        return self._coloured(line, _FAINT)

    def paint(self, line: str, cells: Cells) -> str:
        """Return the line of a story with the colour of its status."""
        if self._console.color_system is None:
            return line
        before, status, after = line.partition(cells[1])
        return before + self._coloured(status, STATUS_STYLES[cells[1]]) + after

    def _coloured(self, text: str, style: str) -> str:
        if self._console.color_system is None:
            return text
        system = ColorSystem.STANDARD if not self._console.no_color else None
        return self._styles[style].render(text, color_system=system)


def _style(column: int, cells: Cells) -> str:
    if column == 1:
        return STATUS_STYLES[cells[1]]
    return "red" if column == len(_HEADERS) - 1 and cells[-1] else ""


def _is_simple(text: str) -> bool:
    """Whether each character takes one column, for all that is certain at a glance."""
    return text.isascii() or text.replace("…", "").isascii()


def _sized(text: str, size: int, *, right: bool) -> str:
    """Return a text with exactly so many columns; one that is too long ends with an ellipsis."""
    simple = _is_simple(text)
    width = len(text) if simple else cell_len(text)
    if width > size:
        cut = size - 1 if size > 1 else size
        return (text[:cut] if simple else set_cell_size(text, cut)) + ("…" if size > 1 else "")
    blank = " " * (size - width)
    return blank + text if right else text + blank
