"""Leads the process group of one program that a worker runs, and kills the group when the worker dies.

Run as `python -I -S guard.py FD PROGRAM ARG…` in a session of its own; standard library only, so that it
starts fast. FD is one end of a socket pair whose other end only the worker holds: when the worker dies,
for whatever reason, the socket ends and the whole group is killed. A program cannot do that itself: it may be
busy in C code, or leave its own children behind.

From the worker: any byte means terminate the group; the end means kill it.
To the worker: `pid N`, then `exit N`, `signal N` or `missing REASON`. The group never outlives its program.
"""

from __future__ import annotations

import os
import select
import signal
import sys


def main(arguments: list[str]) -> int:
    """Run the program and guard its group; ends by killing the group, itself included."""
    if len(arguments) < 2 or os.getpgrp() != os.getpid():
        return 2
    control = int(arguments[0])
    os.set_inheritable(control, False)
    woken = _catch_signals()
    try:
        program = os.posix_spawnp(
            arguments[1], arguments[1:], os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ]
        )
    except OSError as error:
        _tell(control, f"missing {error.strerror}")
        return 1
    _tell(control, f"pid {program}")
    _guard(control, woken, program)
    os.killpg(0, signal.SIGKILL)
    return 0


def _catch_signals() -> int:
    """Let signals wake the guard and do no more; unlike SIG_IGN, a handler is not inherited."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    return reader


def _guard(control: int, woken: int, program: int) -> None:
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
        if control in ready:
            if not _received(control):
                return
            os.killpg(0, signal.SIGTERM)
        done, status = os.waitpid(program, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            _tell(control, f"exit {code}" if code >= 0 else f"signal {-code}")
            return


def _received(control: int) -> bytes:
    try:
        return os.read(control, 64)
    except OSError:
        return b""


def _tell(control: int, line: str) -> None:
    try:
        os.write(control, line.encode("utf-8", "replace") + b"\n")
    except OSError:
        # The worker is gone; the group is killed next.
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
