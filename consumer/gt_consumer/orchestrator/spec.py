"""What can be run: the studio, a Python object or a command."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gt_common.errors import OrchestratorError

STUDIO: Final = "gt_consumer.studio:create"

_PYTHON = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_PLACEHOLDER = re.compile(r"\{(url|workdir|story_id|batch_id|attempt|project_id)\}")


@dataclass(frozen=True)
class PythonSpec:
    """`package.module:name`, loaded in child processes only."""

    target: str


@dataclass(frozen=True)
class CommandSpec:
    """A program and its arguments with the placeholders still in them."""

    program: str
    arguments: tuple[str, ...]

    @property
    def takes_project(self) -> bool:
        """Whether it is given the project to resume."""
        return any("{project_id}" in argument for argument in self.arguments)

    def fill(self, values: Mapping[str, str]) -> list[str]:
        """Return the program and its arguments; a value is never split or searched for placeholders.

        Raises:
            ValueError: a value would make an option of an argument that it begins
        """

        def value(match: re.Match[str]) -> str:
            return values[match.group(1)]

        filled = [_PLACEHOLDER.sub(value, argument) for argument in self.arguments]
        for argument, result in zip(self.arguments, filled, strict=True):
            if result.startswith("-") and not argument.startswith("-"):
                raise ValueError(f"the value of {argument} would be read as an option: {result[:100]!r}")
        return [self.program, *filled]


Spec = PythonSpec | CommandSpec


def fetches_from_reddit(orchestrator: str) -> bool:
    """Whether an orchestrator fetches posts with the user's Reddit app; others have ways of their own."""
    return parse_orchestrator(orchestrator) == PythonSpec(STUDIO)


def parse_orchestrator(text: str, base: Path | None = None) -> Spec:
    """Read the value of --orchestrator.

    Parameters:
        text: `studio`, `package.module:factory` or `command:PROGRAM ARG…`
        base: the folder to which the program and the files among its arguments are relative, because the
            command runs in a folder of its own; by default the current folder

    Raises:
        OrchestratorError: it is none of the three
    """
    if text == "studio":
        return PythonSpec(STUDIO)
    if text.startswith("command:"):
        return _parse_command(text, base or Path.cwd())
    if _PYTHON.fullmatch(text):
        return PythonSpec(text)
    raise OrchestratorError(
        f"unknown orchestrator {text!r}; use studio, package.module:factory or 'command:PROGRAM ARG…'"
    )


def _parse_command(text: str, base: Path) -> CommandSpec:
    try:
        words = shlex.split(text.removeprefix("command:"))
    except ValueError as error:
        raise OrchestratorError(f"orchestrator {text!r} cannot be split into words: {error}") from None
    if not words or not words[0]:
        raise OrchestratorError("orchestrator 'command:' has no program; write command:PROGRAM ARG…")
    program, *arguments = words
    if os.sep in program:
        program = str(base / program)
    return CommandSpec(program, tuple(_absolute_file(argument, base) for argument in arguments))


def _absolute_file(argument: str, base: Path) -> str:
    """Make the name of an existing file absolute: `python make.py {url}` means the file of this folder."""
    try:
        is_file = bool(argument) and (base / argument).is_file()
    except (OSError, ValueError):
        return argument
    return str(base / argument) if is_file else argument
