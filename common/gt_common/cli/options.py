"""Options that every command with a list of stories has, said once."""

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
        help="List, one story a line, or .jsonl; - is standard input; repeatable.",
    ),
]
Limit = Annotated[
    int | None, typer.Option(metavar="N", help="How many stories --discover gives. (default: 20)")
]
Name = Annotated[str | None, typer.Option(metavar="N", help="Name of the batch, for reports.")]
Tags = Annotated[list[str] | None, typer.Option(metavar="K=V", help="Tag of the batch; repeatable.")]
