"""Finds processes that a run left behind, also those that have left its process group."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

_VARIABLE = "GT_TRY"
_DYING_SECONDS = 0.5


@contextmanager
def marked_environment() -> Iterator[str]:
    """Mark the environment that programs inherit in this block; yields the mark."""
    mark = uuid.uuid4().hex
    os.environ[_VARIABLE] = mark
    try:
        yield mark
    finally:
        os.environ.pop(_VARIABLE, None)


def end_survivors(mark: str) -> list[str]:
    """Kill the programs that were started in a marked environment; return the names of those still running.

    One that has ended, but whose end nobody has asked for yet, does not count; neither does one that cleared
    its environment.
    """
    found = list(_marked(mark))
    _, alive = psutil.wait_procs(found, timeout=_DYING_SECONDS)
    named = [f"{_name(process)} ({process.pid})" for process in alive if _runs(process)]
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=_DYING_SECONDS)
    return named


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(_VARIABLE) == mark:
                yield process


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return str(process.name())
    return "process"
