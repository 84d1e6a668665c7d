"""Watches processes: the time they used, their memory, and the folders that they listed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE_S = 100.0


def tree(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all below it."""
    return [process, *process.children(recursive=True)]


def processor_seconds(roots: list[psutil.Process]) -> float:
    """Return the processor time of trees of processes, those that have ended and were waited for included."""
    total = 0.0
    for root in roots:
        for process in tree(root):
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


def proportional_bytes(root: psutil.Process) -> int:
    """Return the memory of a tree of processes; a page that several share is divided among them (PSS)."""
    return sum(_pss(process.pid) for process in tree(root))


def wait_for(done: Callable[[], bool], what: str, *, every: float = 0.02) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it was not within 100 seconds
    """
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(every)


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
