"""A program in a process group of its own, which ends with the program or with the worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gt_common.secret_files import secret_variables
from gt_common.settings import Settings
from gt_consumer.processes.lines import LineProtocol
from gt_consumer.processes.output_pipes import LineSink, OutputPipes

_GUARD = Path(__file__).with_name("guard.py")
_DRAIN_SECONDS = 2.0
_OWN_SECRETS = frozenset(name + end for name in secret_variables(Settings) for end in ("", "_FILE"))


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
        pipes = OutputPipes()
        ours, theirs = socket.socketpair()
        try:
            process = _spawn(arguments, theirs.fileno(), fds, cwd, own_environment(env or {}), pipes)
        except BaseException:
            ours.close()
            pipes.close()
            raise
        finally:
            theirs.close()
            pipes.close_writers()
        group = cls(process)
        group.end = asyncio.create_task(group._follow(ours, pipes, stdout, stderr))
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

    async def _follow(
        self, ours: socket.socket, pipes: OutputPipes, stdout: LineSink, stderr: LineSink
    ) -> ProcessEnd:
        try:
            self._control, control = await asyncio.get_running_loop().create_connection(
                lambda: LineProtocol(self._take), sock=ours
            )
            await pipes.connect(stdout, stderr)
            await control.ended
            await self._reap()
            await pipes.drain()
        finally:
            if self._control is not None:
                self._control.close()
            pipes.close()
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


def own_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program: this process's without the URLs of broker and ledger, and more."""
    return {name: value for name, value in os.environ.items() if name not in _OWN_SECRETS} | dict(extra)


def _spawn(
    arguments: Sequence[str],
    control: int,
    fds: Sequence[int],
    cwd: Path | None,
    env: Mapping[str, str],
    pipes: OutputPipes,
) -> subprocess.Popen[bytes]:
    """Start the guard with the program."""
    stdout, stderr = pipes.writers
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), str(control), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=(control, *fds),
        cwd=cwd,
        env=dict(env),
        start_new_session=True,
    )
