"""Who gives orders: the person's name in replays."""

from __future__ import annotations

import getpass
import os
import socket


def operator() -> str:
    """Name who runs this, as `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"[:200]
