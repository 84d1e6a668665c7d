"""Tables of batches for terminals of any width: where there is no room, columns that matter less leave.

Rich itself cuts the columns that may wrap first, down to nothing: those of the ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

ID_WIDTH: Final = 40
"""Longer ids are folded where there is no room."""
_GAP: Final = 2


@dataclass(frozen=True)
class Column:
    """A column.

    Parameters:
        leaves: where there is no room, the column with the greatest number leaves first; 0 stays
        shape: how it is shown where there is no room: `id` is folded, `name` is cut, others stay as they are
        most: the greatest width of a name
    """

    head: str
    cells: Sequence[Text]
    leaves: int = 0
    justify: Literal["left", "right"] = "left"
    shape: Literal["id", "name", "other"] = "other"
    most: int = ID_WIDTH

    @property
    def least(self) -> int:
        """The width that it needs."""
        if self.shape == "name":
            return cell_len(self.head)
        widest = max(cell_len(self.head), *(cell.cell_len for cell in self.cells))
        return min(widest, ID_WIDTH) if self.shape == "id" else widest


def fitted_table(columns: Sequence[Column], width: int) -> Table:
    """Return a table of those columns for which there is room in so many cells."""
    fitting = list(columns)
    while (spare := width + _GAP - sum(column.least + _GAP for column in fitting)) < 0:
        first = max(fitting, key=lambda column: column.leaves)
        if not first.leaves:
            break
        fitting.remove(first)
    grid = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    for column in fitting:
        match column.shape:
            case "id":
                grid.add_column(column.head, overflow="fold", min_width=column.least)
            case "name":
                most = max(1, min(column.most, column.least + spare))
                grid.add_column(column.head, no_wrap=True, overflow="ellipsis", max_width=most)
            case "other":
                grid.add_column(column.head, justify=column.justify, no_wrap=True)
    for cells in zip(*(column.cells for column in fitting), strict=True):
        grid.add_row(*cells)
    return grid
