"""Who runs a command: the name shown with replays and discards."""

from __future__ import annotations

import getpass
import os
import socket


def operator() -> str:
    """Return who runs this, as `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"[:200]
