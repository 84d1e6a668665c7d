"""gt-discover's work and what it shows: a table, JSON, or a list for gt-produce."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.style import Style
from rich.table import Table
from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.cli.listing import say
from gt_common.discovery import discover
from gt_common.discovery.candidate import Candidate
from gt_common.discovery.options import DiscoverOptions
from gt_common.durations import say_duration
from gt_common.errors import ExitCode, UsageError
from gt_common.log import configure_logging
from gt_common.settings import load_settings
from gt_common.texts import one_line

_WIDE = 110


def run(options: DiscoverOptions, *, as_json: bool, urls: bool) -> int:
    """Find stories and show them; give the exit code.

    Raises:
        GossipToonError: those of `gt_common.discovery.discover`
    """
    if as_json and urls:
        raise UsageError("--json and --urls: choose one")
    settings = load_settings()
    configure_logging(settings)
    candidates = discover(settings, options, lambda line: say(one_line(f"gt-discover: {line}")))
    if as_json:
        print(json.dumps([candidate.document() for candidate in candidates], indent=2, ensure_ascii=False))
    elif urls or not sys.stdout.isatty():
        print("".join(f"{line}\n" for line in list_lines(candidates)), end="")
    elif candidates:
        console = make_console()
        console.print(table(candidates, console.width))
        say("make videos of them with: gt-discover … | gt-produce -f -")
    return ExitCode.DONE


def list_lines(candidates: Sequence[Candidate]) -> list[str]:
    """Give a list file: each story's URL below its title."""
    return [line for one in candidates for line in (f"# {one_line(one.title)}", one_line(one.url))]


def table(candidates: Sequence[Candidate], width: int) -> Table:
    """Lay the candidates out; the titles take what room is left.

    Parameters:
        width: of the terminal, in columns; on a narrow one the address is only behind the title, as a link
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
    """Say an age shortly: `40 min`, `5 h`, `3 d`, `2 y`."""
    if hours < 1:
        return say_duration(hours * 3600)
    if hours < 48:
        return f"{hours:.0f} h"
    days = hours / 24
    return f"{days:.0f} d" if days < 730 else f"{days / 365:.0f} y"
