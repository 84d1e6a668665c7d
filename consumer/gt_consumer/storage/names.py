"""Names of files and folders: safe parts of paths, and marks that show whether their process is alive."""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
import zlib
from functools import lru_cache
from pathlib import Path

import psutil

ABANDONED_SECONDS = 2 * 86400.0

# A start time is computed from the boot time, which clock corrections shift a little.
_CLOCK_SECONDS = 3.0

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MARK = re.compile(r"-([0-9a-f]{8})\.(\d+)\.(\d+)\.[0-9a-f]{8}(?:\.\w+)*$")


def safe_name(name: str) -> str:
    """Return a name that is one plain part of a path, whatever a message contains."""
    return _UNSAFE.sub("_", name).lstrip(".") or "_"


def new_mark() -> str:
    """Return a unique mark that identifies this machine and this process."""
    return f"{_process_mark(os.getpid())}.{secrets.token_hex(4)}"


def is_leftover(path: Path) -> bool:
    """Whether the process that marked this path is dead.

    For a path of another machine only its age is known: after two days without a change it counts as dead.
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


def draft_of(place: Path) -> Path:
    """Return an unused name beside a file for what is not finished; it shows which process uses it."""
    return place.with_name(f".{place.name}-{new_mark()}.part")


@lru_cache(maxsize=1)
def _process_mark(pid: int) -> str:
    return f"{_host()}.{pid}.{int(psutil.Process(pid).create_time())}"


@lru_cache(maxsize=1)
def _host() -> str:
    """Return a short id of this machine; each of its containers, whose process ids differ, has its own."""
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
