"""Health check of a container: is there an established TCP connection to the broker's port?

It reads the kernel's tables of this network namespace, so it needs no login, puts no load on the broker and
detects a process that has lost its connection. Exit code 0 healthy, 1 not.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

ESTABLISHED = "01"
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def broker_ports(urls: str) -> set[int]:
    """Return the ports of GT_AMQP_URL, which may name several brokers separated by commas."""
    parts = [urlsplit(url) for url in re.split(r",\s*(?=amqps?://)", urls.strip().rstrip(","))]
    return {part.port or (5671 if part.scheme == "amqps" else 5672) for part in parts}


def configured_urls() -> str:
    """Return GT_AMQP_URL, or the content of the file that GT_AMQP_URL_FILE names."""
    path = os.environ.get("GT_AMQP_URL_FILE")
    return (
        os.environ.get("GT_AMQP_URL")
        or (path and Path(path).read_text(encoding="utf-8"))
        or "amqp://127.0.0.1:5672/"
    )


def connected(rows: Iterable[str], ports: set[int]) -> bool:
    """Whether a row of /proc/net/tcp is an established connection to one of `ports` (proc(5))."""
    for row in rows:
        fields = row.split()
        if len(fields) > 3 and fields[3] == ESTABLISHED and int(fields[2].rpartition(":")[2], 16) in ports:
            return True
    return False


def main(tables: Iterable[Path] = TABLES) -> int:
    """Check once; return the exit code."""
    ports = broker_ports(configured_urls())
    rows = [
        row
        for table in tables
        if table.exists()
        for row in table.read_text(encoding="ascii").splitlines()[1:]
    ]
    return 0 if connected(rows, ports) else 1


if __name__ == "__main__":
    sys.exit(main())
