"""Output of gt-discover: a table, JSON, or a list for gt-produce."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.style import Style
from rich.table import Table
from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.discovery.candidate import Candidate
from gt_common.durations import say_duration
from gt_common.texts import one_line

_WIDE = 110


def print_json(candidates: Sequence[Candidate]) -> None:
    """Print the candidates as a JSON array."""
    print(json.dumps([candidate.document() for candidate in candidates], indent=2, ensure_ascii=False))


def print_list(candidates: Sequence[Candidate]) -> None:
    """Print the candidates as a list file for gt-produce."""
    print("".join(f"{line}\n" for line in list_lines(candidates)), end="")


def print_table(candidates: Sequence[Candidate]) -> None:
    """Print the candidates as a table, as wide as the terminal."""
    console = make_console()
    console.print(table(candidates, console.width))


def list_lines(candidates: Sequence[Candidate]) -> list[str]:
    """Return the lines of a list file: each story's title as a comment, then its URL."""
    return [line for one in candidates for line in (f"# {one_line(one.title)}", one_line(one.url))]


def table(candidates: Sequence[Candidate], width: int) -> Table:
    """Return a table of the candidates; titles take the remaining width.

    Parameters:
        width: of the terminal, in columns; if it is narrow, the URL is only a link on the title
    """
    wide = width >= _WIDE
    grid = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for name in ("#", "score", "upvotes", "comments", "age"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("community", no_wrap=True, max_width=22 if wide else 12, overflow="ellipsis")
    if wide:
        grid.add_column("post", no_wrap=True)
    grid.add_column("title", no_wrap=True, ratio=1, overflow="ellipsis")
    for one in candidates:
        title = Text(one_line(one.title), style=Style(link=one.url))
        if one.remarks and wide:
            title.append(f"  ({', '.join(one.remarks)})", style="dim")
        grid.add_row(
            str(one.rank),
            f"{one.score:,.0f}",
            f"{one.upvotes:,}",
            f"{one.comments:,}",
            age(one.age_hours),
            one.subreddit,
            *([f"redd.it/{one.id}"] if wide else []),
            title,
        )
    return grid


def age(hours: float) -> str:
    """Format an age: `40 min`, `5 h`, `3 d`, `2 y`."""
    if hours < 1:
        return say_duration(hours * 3600)
    if hours < 48:
        return f"{hours:.0f} h"
    days = hours / 24
    return f"{days:.0f} d" if days < 730 else f"{days / 365:.0f} y"
