"""Processes and ports: find a free port, recognise a process, signal its group."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from toolbox.errors import BrokerError

# Below the ports that systems use for outgoing connections, so that a free one stays free.
PORT_RANGE = range(20000, 32000)


def free_port() -> int:
    """Return a free TCP port of the loopback interface.

    Raises:
        BrokerError: none was found in 200 tries
    """
    for port in random.sample(PORT_RANGE, 200):
        if port_is_free(port):
            return port
    raise BrokerError("no free port on 127.0.0.1 between 20000 and 32000; stop something that listens there")


def port_is_free(port: int) -> bool:
    """Whether `port` is free at 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def runs_with(pid: int, token: str) -> bool:
    """Whether process `pid` is alive and has `token` on its command line, because process ids are reused."""
    proc = Path("/proc") / str(pid) / "cmdline"
    if Path("/proc/self/cmdline").exists():
        with suppress(OSError):
            return token.encode() in proc.read_bytes()
        return False
    ps = shutil.which("ps") or "/bin/ps"
    shown = subprocess.run(
        [ps, "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return token in shown.stdout


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group; nothing happens if it is gone."""
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def wait_until(condition: Callable[[], bool], timeout: float) -> bool:
    """Check `condition` ten times a second for at most `timeout` seconds; return its last answer."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
