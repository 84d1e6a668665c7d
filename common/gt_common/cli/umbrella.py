"""Shell completion for a command whose subcommands are programs of their own, loaded when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command, Context


def complete(name: str, help_texts: Mapping[str, str], load: Callable[[str], typer.Typer]) -> None:
    """Answer what the shell asks; only the command that is being completed is loaded.

    Parameters:
        help_texts: the subcommands, each with what it does
        load: returns the application of a subcommand
    """

    class Subcommands(TyperGroup):
        def list_commands(self, ctx: Context) -> list[str]:
            return list(help_texts)

        def get_command(self, ctx: Context, cmd_name: str) -> TyperCommand | None:
            return TyperCommand(cmd_name, help=help_texts[cmd_name]) if cmd_name in help_texts else None

        def resolve_command(
            self, ctx: Context, args: list[str]
        ) -> tuple[str | None, Command | None, list[str]]:
            given, known, rest = super().resolve_command(ctx, args)
            return given, typer.main.get_command(load(given)) if given and known else None, rest

    app = typer.Typer(cls=Subcommands)
    app.callback()(_nothing)
    app(prog_name=name)


def _nothing() -> None:
    """The group itself does nothing."""
