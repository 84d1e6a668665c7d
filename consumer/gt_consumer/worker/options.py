"""Options that all commands that make videos share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Orchestrator = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="studio, package.module:factory, or 'command:PROGRAM ARG…'. (default: studio)"
    ),
]
Output = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder for finished videos. (default: outputs)")
]
TimeLimit = Annotated[
    str | None, typer.Option(metavar="TIME", help="Time limit for one attempt, such as 30m. (default: 30m)")
]
Cwd = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder in which a 'command:' program runs. (default: a folder for each attempt)"
    ),
]
