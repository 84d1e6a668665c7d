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
Limit = Annotated[
    int | None, typer.Option(metavar="N", help="Number of stories for --discover. (default: 20)")
]
Name = Annotated[str | None, typer.Option(metavar="NAME", help="Name of the batch, shown in reports.")]
Tags = Annotated[list[str] | None, typer.Option(metavar="K=V", help="Tag of the batch; repeatable.")]
