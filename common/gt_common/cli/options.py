"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Urls = Annotated[
    list[str] | None,
    typer.Argument(metavar="URL", help="Reddit posts or story files (.md, .txt, .json).", show_default=False),
]
Files = Annotated[
    list[str] | None,
    typer.Option(
        "-f",
        "--file",
        metavar="FILE|-",
        help="List with one story per line, or .jsonl; - is standard input; repeatable.",
    ),
]
AnyUrl = Annotated[
    bool, typer.Option("--any-url", help="Accept any http(s) link as a story, not only Reddit posts.")
]
Limit = Annotated[
    int | None, typer.Option(metavar="N", help="Number of stories for --discover. (default: 20)")
]
Name = Annotated[str | None, typer.Option(metavar="NAME", help="Name of the batch, shown in reports.")]
Tags = Annotated[list[str] | None, typer.Option(metavar="K=V", help="Tag of the batch; repeatable.")]
MaxFailures = Annotated[
    str | None,
    typer.Option(metavar="N|N%", help="Pause the batch when N stories (or N % of them) have failed."),
]
MaxCost = Annotated[
    str | None,
    typer.Option(
        metavar="AMOUNT", help="Pause the batch when it has cost this much, in GT_CURRENCY; warns at 80 %."
    ),
]
StartAfter = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Start no story earlier: 2h (from now), 22:00 (local, the next one) or 2026-11-28T22:00.",
    ),
]
PriorityOption = Annotated[
    str | None,
    typer.Option(
        "--priority",
        metavar="high|normal|low",
        help="Which of the waiting stories comes first, as far as the broker can. (default: normal)",
    ),
]
