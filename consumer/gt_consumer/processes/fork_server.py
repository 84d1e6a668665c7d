"""Forks children from a process in which their modules are loaded, and guards their groups.

A fork takes a few milliseconds and shares the memory of the modules; starting Python again takes hundreds.
The server has one thread and nothing else that a fork could break. Each child leads a session and a process
group of its own. A socket connects the server with its worker: when that dies, for whatever reason, the
socket ends and all groups are killed. A child cannot do that itself: it may be busy in C code, or leave
children of its own behind.

From the worker: `fork N` with three descriptors (the child's channel, standard output, standard error),
`term N`, `kill N`. To the worker: `pid N PID`, then `exit N CODE` or `signal N NUMBER`; `failed N ERRNO`. A
group never outlives its child.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_FDS = 3
_CAUGHT = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

ChildMain = Callable[[int], None]


class ForkServer:
    """The server's end of the socket, and the children.

    Parameters:
        control: descriptor of the socket to the worker
        child_main: runs in each child, with the descriptor of its channel; the child ends with it
    """

    def __init__(self, control: int, child_main: ChildMain) -> None:
        self._control = socket.socket(fileno=control)
        self._control.set_inheritable(False)
        self._woken, self._waker = _catch_signals()
        self._child_main = child_main
        self._children: dict[int, int] = {}  # number of each by its pid
        self._pids: dict[int, int] = {}
        self._rest = b""
        self._prctl = _load_prctl()
        self._fds: list[int] = []

    def run(self) -> None:
        """Serve until the worker is gone, then kill all groups."""
        # What is here now is never collected, so that looking for garbage copies no shared pages.
        gc.collect()
        gc.freeze()
        control = self._control.fileno()
        while True:
            ready, _, _ = select.select([control, self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
            # Before new orders, so that none is for a child that has ended.
            self._reap()
            if control in ready and not self._receive():
                break
        for pid in self._children:
            _signal_group(pid, signal.SIGKILL)

    def _receive(self) -> bool:
        """Carry out orders; return False when the worker is gone."""
        try:
            data, fds, _, _ = socket.recv_fds(self._control, 65536, 64)
        except OSError:
            return False
        for fd in fds:
            os.set_inheritable(fd, False)
        self._fds += fds
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            kind, number = line.split()
            self._carry_out(kind, int(number))
        return bool(data)

    def _carry_out(self, kind: bytes, number: int) -> None:
        if kind == b"fork":
            fds, self._fds = self._fds[:_FDS], self._fds[_FDS:]
            try:
                self._fork(number, fds)
            finally:
                for fd in fds:
                    os.close(fd)
        elif number in self._pids:
            _signal_group(self._pids[number], signal.SIGTERM if kind == b"term" else signal.SIGKILL)

    def _fork(self, number: int, fds: list[int]) -> None:
        server = os.getpid()
        # A signal that came before the child has its own handlers would be taken by the server's, and lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _CAUGHT)
        try:
            pid = os.fork()
            if not pid:
                self._become_child(server, fds)
        except OSError as error:
            self._tell(f"failed {number} {error.errno}")
            return
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _CAUGHT)
        self._children[pid] = number
        self._pids[number] = pid
        self._tell(f"pid {number} {pid}")

    def _become_child(self, server: int, fds: list[int]) -> None:
        """Run the child; does not return."""
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for caught in _CAUGHT:
                signal.signal(
                    caught, signal.default_int_handler if caught == signal.SIGINT else signal.SIG_DFL
                )
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _CAUGHT)
            self._control.close()
            os.close(self._woken)
            os.close(self._waker)
            for fd in self._fds:  # of children whose turn is next
                os.close(fd)
            channel, stdout, stderr = fds
            os.dup2(stdout, 1)
            os.dup2(stderr, 2)
            os.close(stdout)
            os.close(stderr)
            if self._prctl is not None:
                self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != server:
                return
            self._child_main(channel)
        except BaseException:  # noqa: BLE001 - the server's own code must never go on in a child
            traceback.print_exc()
        finally:
            os._exit(1)

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            number = self._children.pop(pid, None)
            if number is None:
                continue
            del self._pids[number]
            # While a process is left in the group, no other group gets its number.
            _signal_group(pid, signal.SIGKILL, alone=False)
            code = os.waitstatus_to_exitcode(status)
            self._tell(f"exit {number} {code}" if code >= 0 else f"signal {number} {-code}")

    def _tell(self, line: str) -> None:
        # A worker that is gone is noticed at the next look at the socket.
        with contextlib.suppress(OSError):
            self._control.sendall(line.encode() + b"\n")


def _signal_group(pid: int, number: signal.Signals, *, alone: bool = True) -> None:
    """Send a signal to a child's group.

    Parameters:
        alone: send it to the child if it has not made its group yet
    """
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        if alone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
    except PermissionError:
        return


def _catch_signals() -> tuple[int, int]:
    """Let signals wake the server and do no more; it ends with its worker only."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in _CAUGHT:
        signal.signal(number, lambda _number, _frame: None)
    return reader, writer


def _load_prctl() -> Callable[..., int] | None:
    """Return the system call by which, on Linux, a child has itself killed when its parent dies."""
    if sys.platform != "linux":
        return None
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        return ctypes.CDLL(None).prctl
    return None
