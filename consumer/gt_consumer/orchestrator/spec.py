"""What can be run: the studio, a Python object or a command."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gt_common.errors import OrchestratorError, UsageError
from gt_common.texts import nearest

STUDIO: Final = "gt_consumer.studio:create"
GOSSIPTOON: Final = "gt_consumer.orchestrator.gossiptoon:create"

_SHIPPED: Final = {"studio": STUDIO, "gossiptoon": GOSSIPTOON}

_PYTHON = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
STORY_FILE: Final = "story.json"
"""What is known of a story, in the folder of a program's attempt."""

_NAMES: Final = (
    "url",
    "path",
    "title",
    "text_file",
    "workdir",
    "story_id",
    "batch_id",
    "attempt",
    "project_id",
)
_PLACEHOLDER = re.compile(rf"\{{({'|'.join(_NAMES)}|options\.[^{{}}\s]+)\}}")
_BRACED = re.compile(r"\{([A-Za-z][\w.-]*)\}")
_ALIKE: Final = 0.75
"""How much a word in braces is like a placeholder that it was probably meant to be (0 to 1)."""
_MISSING: Final = {"path": "the story is a link, not a file", "text_file": "the story has no text"}


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
        return self.uses("project_id")

    @property
    def needs_text(self) -> bool:
        """Whether it cannot do without the text of the story."""
        return self.uses("text_file") or any(STORY_FILE in argument for argument in self.arguments)

    def uses(self, placeholder: str) -> bool:
        """Whether an argument has a placeholder."""
        return any(f"{{{placeholder}}}" in argument for argument in self.arguments)

    def fill(self, values: Mapping[str, str]) -> list[str]:
        """Return the program and its arguments; a value is never split or searched for placeholders.

        Raises:
            ValueError: a value is missing, or would make an option of an argument that it begins
        """

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in values:
                reason = _MISSING.get(name) or f"the story has no option {name.removeprefix('options.')!r}"
                raise ValueError(f"{reason}, which the command needs for {match.group()}")
            return values[name]

        filled = [_PLACEHOLDER.sub(value, argument) for argument in self.arguments]
        for argument, result in zip(self.arguments, filled, strict=True):
            if result.startswith("-") and not argument.startswith("-"):
                raise ValueError(
                    f"the value of {argument} would be read as an option: {result[:100]!r}; "
                    "write --NAME={…} as one argument"
                )
        return [self.program, *filled]


Spec = PythonSpec | CommandSpec


def makes_posts_only(orchestrator: str) -> bool:
    """Whether an orchestrator makes no videos of links other than Reddit posts."""
    return parse_orchestrator(orchestrator) == PythonSpec(STUDIO)


def fetches_from_reddit(orchestrator: str) -> bool:
    """Whether posts are fetched with the user's Reddit app; other orchestrators have their own ways."""
    spec = parse_orchestrator(orchestrator)
    return spec.needs_text if isinstance(spec, CommandSpec) else spec == PythonSpec(STUDIO)


def parse_orchestrator(text: str, base: Path | None = None) -> Spec:
    """Read the value of --orchestrator.

    Parameters:
        text: `studio`, `gossiptoon`, `package.module:factory` or `command:PROGRAM ARG…`
        base: the folder to which the program and the files among its arguments are relative, because the
            command runs in a folder of its own; by default the current folder

    Raises:
        OrchestratorError: it is none of these
    """
    if text in _SHIPPED:
        return PythonSpec(_SHIPPED[text])
    if text.startswith("command:"):
        return _parse_command(text, base or Path.cwd())
    if _PYTHON.fullmatch(text):
        return PythonSpec(text)
    raise OrchestratorError(
        f"unknown orchestrator {text!r}; "
        "use studio, gossiptoon, package.module:factory or 'command:PROGRAM ARG…'"
    )


def parse_to_run(text: str, cwd: Path | None) -> Spec:
    """Read the value of --orchestrator, with the value of --cwd.

    Raises:
        OrchestratorError: it is none of the three
        UsageError: the folder does not exist, or is given for something else than a program
    """
    if cwd is not None and not cwd.is_dir():
        raise UsageError(f"--cwd (GT_CWD): there is no folder {cwd}")
    spec = parse_orchestrator(text, cwd)
    if cwd is not None and not isinstance(spec, CommandSpec):
        raise UsageError(f"--cwd (GT_CWD) is for 'command:PROGRAM ARG…' only, not for {text}")
    return spec


def _parse_command(text: str, base: Path) -> CommandSpec:
    try:
        words = shlex.split(text.removeprefix("command:"))
    except ValueError as error:
        raise OrchestratorError(f"orchestrator {text!r} cannot be split into words: {error}") from None
    if not words or not words[0]:
        raise OrchestratorError("orchestrator 'command:' has no program; write command:PROGRAM ARG…")
    program, *arguments = words
    _check_placeholders(arguments)
    if os.sep in program:
        program = str(base / program)
    return CommandSpec(program, tuple(_absolute_file(argument, base) for argument in arguments))


def _check_placeholders(arguments: Iterable[str]) -> None:
    """Refuse a mistyped placeholder: the program would get it as it is, overnight and for every story."""
    for word in (found.group(1) for argument in arguments for found in _BRACED.finditer(argument)):
        if word in _NAMES or word.startswith("options."):
            continue
        option = re.fullmatch(r"opt(?:ion)?s?\.(.+)", word.lower())
        meant = f"options.{option[1]}" if option else nearest(word.lower(), _NAMES, _ALIKE)
        if meant is not None:
            raise OrchestratorError(
                f"unknown placeholder {{{word}}} in the command; did you mean {{{meant}}}? "
                "A program that needs these very words can be called by a script"
            )


def _absolute_file(argument: str, base: Path) -> str:
    """Make the name of an existing file absolute: `python make.py {url}` means the file of this folder."""
    try:
        is_file = bool(argument) and (base / argument).is_file()
    except (OSError, ValueError):
        return argument
    return str(base / argument) if is_file else argument
