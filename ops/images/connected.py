"""Health check of a container: is there an established TCP connection to the broker's port?

Asks the kernel's tables of this network namespace, so it neither loads the broker nor needs a login, and it
notices a process that lives on without its connection. Exit code 0 healthy, 1 not.
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
    """The ports of GT_AMQP_URL, which may name several brokers, comma-separated."""
    parts = [urlsplit(url) for url in re.split(r",\s*(?=amqps?://)", urls.strip().rstrip(","))]
    return {part.port or (5671 if part.scheme == "amqps" else 5672) for part in parts}


def connected(rows: Iterable[str], ports: set[int]) -> bool:
    """Whether a row of /proc/net/tcp is an established connection to one of `ports` (proc(5))."""
    for row in rows:
        fields = row.split()
        if len(fields) > 3 and fields[3] == ESTABLISHED and int(fields[2].rpartition(":")[2], 16) in ports:
            return True
    return False


def main(tables: Iterable[Path] = TABLES) -> int:
    """Look once; gives the exit code."""
    ports = broker_ports(os.environ.get("GT_AMQP_URL") or "amqp://127.0.0.1:5672/")
    rows = [
        row
        for table in tables
        if table.exists()
        for row in table.read_text(encoding="ascii").splitlines()[1:]
    ]
    return 0 if connected(rows, ports) else 1


if __name__ == "__main__":
    sys.exit(main())
