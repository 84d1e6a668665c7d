"""The operator of a command: who it is and why, shown with what was done; and questions to put."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from collections.abc import Callable
from typing import Final

from gt_common.errors import UsageError

MOST_REASON: Final = 500
"""Characters of a reason, as in the messages that carry it."""

Ask = Callable[[str], bool]
"""Puts a question to the operator; returns the answer."""


def operator() -> str:
    """Return who runs this, as `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"[:200]


def check_reason(reason: str | None) -> None:
    """Check the reason that an operator gives.

    Raises:
        UsageError: it is too long
    """
    if reason is not None and len(reason) > MOST_REASON:
        raise UsageError(f"--reason is too long: at most {MOST_REASON} characters")


def check_can_ask(what: str, cure: str) -> None:
    """Check that there is somebody to ask.

    Parameters:
        what: what asks for confirmation, such as `discard`
        cure: how to do without, such as `add -y`

    Raises:
        UsageError: standard input is not a terminal
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{what} asks for confirmation and this is not a terminal; {cure}")
