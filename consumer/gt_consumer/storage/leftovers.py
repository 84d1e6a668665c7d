"""Marks in file names by which leftovers of dead processes are told from what a living one uses."""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
import zlib
from pathlib import Path

import psutil

ABANDONED_SECONDS = 2 * 86400.0

# A start time is computed from the boot time, which clock corrections move a little.
_CLOCK_SECONDS = 3.0

_MARK = re.compile(r"-([0-9a-f]{8})\.(\d+)\.(\d+)\.[0-9a-f]{8}(?:\.part)?$")


def new_mark() -> str:
    """Give a mark, different each time, that names this machine and this process."""
    started = int(psutil.Process().create_time())
    return f"{_host()}.{os.getpid()}.{started}.{secrets.token_hex(4)}"


def is_leftover(path: Path) -> bool:
    """Tell whether the process that marked this path is dead.

    Of another machine's paths only the age is known: two days without a change count as dead.
    """
    match = _MARK.search(path.name)
    if match is None:
        return False
    host, pid, started = match.groups()
    if host != _host():
        return _age(path) > ABANDONED_SECONDS
    try:
        running_since: float = psutil.Process(int(pid)).create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
    return abs(running_since - int(started)) > _CLOCK_SECONDS


def _host() -> str:
    """Give a short name of this machine; its containers, whose process ids differ, are others."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return f"{zlib.crc32(f'{socket.gethostname()}|{namespace}'.encode()):08x}"


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
