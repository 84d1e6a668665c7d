"""A program in a process group of its own, which ends with the program or with the worker."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gt_common.settings import Settings, secret_variables
from gt_consumer.processes.lines import LineProtocol

_GUARD = Path(__file__).with_name("guard.py")
_DRAIN_SECONDS = 2.0
_OWN_SECRETS = frozenset(name + end for name in secret_variables(Settings) for end in ("", "_FILE"))

LineSink = Callable[[bytes], None]


@dataclass(frozen=True)
class ProcessEnd:
    """How a program ended: with an exit code, by a signal, or it could not be started."""

    exit_code: int | None = None
    signal: int | None = None
    start_error: str | None = None

    def describe(self) -> str:
        """Return a phrase for people, such as `ended with exit code 1`."""
        if self.start_error is not None:
            return f"could not be started: {self.start_error}"
        if self.signal is None:
            return f"ended with exit code {self.exit_code}"
        try:
            name = signal.Signals(self.signal).name
        except ValueError:
            name = f"signal {self.signal}"
        return f"killed by {name}" + (", perhaps out of memory" if self.signal == signal.SIGKILL else "")


class ProcessGroup:
    """One program and all that it starts; `end` is done when it has ended and its output is read."""

    end: asyncio.Task[ProcessEnd]

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._reported: ProcessEnd | None = None
        self._control: asyncio.WriteTransport | None = None
        self.pid: int | None = None

    @classmethod
    async def start(
        cls,
        arguments: Sequence[str],
        *,
        stdout: LineSink,
        stderr: LineSink,
        fds: Sequence[int] = (),
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> ProcessGroup:
        """Start a program.

        Parameters:
            arguments: the program and its arguments; no shell sees them
            stdout, stderr: take each line that it prints
            fds: file descriptors that it inherits under the same numbers
            cwd: its working folder
            env: added to the environment, from which the URLs of broker and ledger are removed

        Raises:
            OSError, ValueError: the arguments cannot be passed on; a missing program is a `ProcessEnd`
        """
        ours, theirs = socket.socketpair()
        outputs: list[int] = []
        try:
            process = _spawn(arguments, theirs.fileno(), fds, cwd, _environment(env or {}), outputs)
        except BaseException:
            ours.close()
            for fd in outputs:
                os.close(fd)
            raise
        finally:
            theirs.close()
        group = cls(process)
        group.end = asyncio.create_task(group._follow(ours, outputs, (stdout, stderr)))
        return group

    async def stop(self, grace: float) -> None:
        """Terminate the group, after `grace` seconds kill it, and wait for its end."""
        if self._control is not None and not self._control.is_closing():
            self._control.write(b"T")
            await asyncio.wait({self.end}, timeout=grace)
        self.kill()
        await asyncio.wait({self.end})

    def kill(self) -> None:
        """Kill the group at once."""
        if self._control is not None:
            self._control.abort()
        elif not self.end.done():
            self._kill_group()

    async def _follow(self, ours: socket.socket, outputs: list[int], sinks: Sequence[LineSink]) -> ProcessEnd:
        loop = asyncio.get_running_loop()
        transports: list[asyncio.BaseTransport] = []
        try:
            self._control, control = await loop.create_connection(lambda: LineProtocol(self._take), sock=ours)
            transports.append(self._control)
            readers = [LineProtocol(sink) for sink in sinks]
            for fd, reader in zip(outputs, readers, strict=True):
                pipe = os.fdopen(fd, "rb", 0)
                source, _ = await loop.connect_read_pipe(functools.partial(_same, reader), pipe)
                transports.append(source)
            await control.ended
            await self._reap()
            # A process that left the group may keep the pipes open for ever: what came until now counts.
            await asyncio.wait([reader.ended for reader in readers], timeout=_DRAIN_SECONDS)
        finally:
            for transport in transports:
                transport.close()
            if self._process.returncode is None:
                self._kill_group()
                self._process.wait()
        return self._reported or ProcessEnd(signal=signal.SIGKILL)

    async def _reap(self) -> None:
        """Wait for the guard, which has ended or is about to: its end of the socket is closed."""
        if self._reported is None:
            # The socket was closed here, or the guard was killed; until it is reaped, its id is not reused.
            self._kill_group()
        try:
            await asyncio.to_thread(self._process.wait, _DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill_group()
            await asyncio.to_thread(self._process.wait)

    def _take(self, line: bytes) -> None:
        kind, _, value = line.decode("utf-8", "replace").partition(" ")
        if kind == "pid":
            self.pid = int(value)
        elif kind == "exit":
            self._reported = ProcessEnd(exit_code=int(value))
        elif kind == "signal":
            self._reported = ProcessEnd(signal=int(value))
        elif kind == "missing":
            self._reported = ProcessEnd(start_error=value)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _same(reader: LineProtocol) -> LineProtocol:
    return reader


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OWN_SECRETS} | dict(extra)


def _spawn(
    arguments: Sequence[str],
    control: int,
    fds: Sequence[int],
    cwd: Path | None,
    env: Mapping[str, str],
    outputs: list[int],
) -> subprocess.Popen[bytes]:
    """Start the guard with the program; the read ends of its output are added to `outputs`."""
    writers: list[int] = []
    try:
        for _ in range(2):
            reader, writer = os.pipe()
            outputs.append(reader)
            writers.append(writer)
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), str(control), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=writers[0],
            stderr=writers[1],
            pass_fds=(control, *fds),
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
    finally:
        for writer in writers:
            os.close(writer)
