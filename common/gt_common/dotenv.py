"""The file `.env` in the current folder: whether it can be read, what it sets, and what it may run."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from gt_common.errors import UsageError

ENCODING: Final = "utf-8-sig"
"""UTF-8, with or without the mark at its beginning that some editors write."""
ALLOW_COMMANDS: Final = "GT_ALLOW_DOTENV_COMMANDS"
_HARMLESS: Final = frozenset({"studio", "gossiptoon"})


def check_dotenv(path: Path = Path(".env")) -> None:
    """Check that `.env`, if there is one, is a text that can be read.

    A folder of this name is ignored. A named pipe would be read, which waits for a writer without end.

    Raises:
        UsageError: it is not UTF-8, cannot be read, or is a named pipe
    """
    if path.is_fifo():
        raise UsageError(f"{path.absolute()} is a named pipe, not a regular file; replace or remove it")
    try:
        text = path.read_bytes().decode(ENCODING) if path.is_file() else ""
    except OSError as error:
        raise UsageError(f"{path.absolute()} cannot be read: {error.strerror}; fix its permissions") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path.absolute()}:{line}: not UTF-8; save the file as UTF-8") from None
    if "\0" in text:
        raise UsageError(f"{path.absolute()} looks like UTF-16; save the file as UTF-8")


def read_dotenv(path: Path = Path(".env")) -> dict[str, str]:
    """Return what `.env` sets; nothing if it is not there."""
    if not path.is_file():
        return {}
    from dotenv import dotenv_values  # most folders have no such file

    return {
        name: value for name, value in dotenv_values(path, encoding=ENCODING).items() if value is not None
    }


def effective_names(
    found: Mapping[str, str], prefix: str, fields: Collection[str], flags: Collection[str]
) -> tuple[str, ...]:
    """Return the variables of `.env` that count: known, and set neither by a flag nor in the environment.

    Parameters:
        found: what `.env` sets
        fields: names of the settings, without the prefix
        flags: those that a flag sets
    """
    inside = {name.lower() for name, value in found.items() if value}
    outside = {name.lower() for name, value in os.environ.items() if value}
    names = (f"{prefix}{field}" for field in fields if field not in flags)
    return tuple(name.upper() for name in names if name.lower() in inside - outside)


def check_may_run(orchestrator: str) -> None:
    """Check that an orchestrator that only `.env` names may run: a folder's file must not run code unasked.

    Raises:
        UsageError: it is code of the user's, and the environment does not allow that
    """
    if orchestrator in _HARMLESS or os.environ.get(ALLOW_COMMANDS, "").lower() in {"1", "true", "yes"}:
        return
    raise UsageError(
        f"GT_ORCHESTRATOR={orchestrator} comes from {Path('.env').absolute()}, and a file in the current "
        f"folder must not choose what runs; use --orchestrator, set GT_ORCHESTRATOR in the environment, or "
        f"set {ALLOW_COMMANDS}=1 in the environment to allow what the file names"
    )
