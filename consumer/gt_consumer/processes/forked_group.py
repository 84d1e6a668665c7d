"""Children of a fork server, each leading a process group of its own, as the worker sees them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from itertools import count

from gt_consumer.processes.group import ProcessEnd, own_environment
from gt_consumer.processes.lines import LineProtocol
from gt_consumer.processes.output_pipes import LineSink, OutputPipes

_END_SECONDS = 5.0
_SERVER_ENDED = "the process that forks children has ended"
_KILLED = ProcessEnd(signal=signal.SIGKILL)


class ForkedGroup:
    """A child and all that it starts; `end` is done when it has ended and its output is read."""

    def __init__(self, forker: ChildForker, number: int, pipes: OutputPipes) -> None:
        loop = asyncio.get_running_loop()
        self._forker = forker
        self._pipes = pipes
        self.number = number
        self.pid = 0
        self.started: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[ProcessEnd] = loop.create_future()
        self.end = asyncio.create_task(self._follow())

    async def stop(self, grace: float) -> None:
        """Terminate the group, after `grace` seconds kill it, and wait for its end."""
        if not self.over.done():
            self._forker.order("term", self.number)
            await asyncio.wait({self.end}, timeout=grace)
        self.kill()
        await asyncio.wait({self.end})

    def kill(self) -> None:
        """Kill the group at once."""
        if not self.over.done():
            self._forker.order("kill", self.number)

    async def _follow(self) -> ProcessEnd:
        try:
            end = await asyncio.shield(self.over)
            await self._pipes.drain()
        finally:
            self._pipes.close()
        return end


class ChildForker:
    """Starts children by forking a server process, which is started when it is needed, and again if it dies.

    Parameters:
        program: the program of the server and its arguments; the number of a descriptor is added
    """

    def __init__(self, program: Sequence[str]) -> None:
        self._program = list(program)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._transport: asyncio.Transport | None = None
        self._connecting = asyncio.Lock()
        self._numbers = count(1)
        self._groups: dict[int, ForkedGroup] = {}

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server unless it runs, without waiting until it is ready; return its process.

        Raises:
            OSError: no process can be started
        """
        if self._process is not None:
            return self._process
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [*self._program, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=own_environment({}),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._socket = ours
        return self._process

    async def fork(self, channel: int, stdout: LineSink, stderr: LineSink) -> ForkedGroup:
        """Start a child.

        Parameters:
            channel: a descriptor that it inherits
            stdout, stderr: take each line that it prints

        Raises:
            OSError: no process can be started
        """
        await self._connect()
        pipes = OutputPipes()
        group = ForkedGroup(self, next(self._numbers), pipes)
        self._groups[group.number] = group
        try:
            await pipes.connect(stdout, stderr)
            self._send(f"fork {group.number}", [channel, *pipes.writers])
            pipes.close_writers()
            await group.started
        except BaseException:
            pipes.close_writers()
            group.kill()
            self._ended(group.number, _KILLED)
            raise
        return group

    def order(self, kind: str, number: int) -> None:
        """Let the server terminate (`term`) or kill (`kill`) a group."""
        try:
            self._send(f"{kind} {number}")
        except OSError:
            # A server that takes no orders is of no use; with it, all its children end.
            self._kill_server()

    async def aclose(self) -> None:
        """Kill all groups, and end the server."""
        if self._transport is not None:
            self._transport.abort()
        elif self._socket is not None:
            self._socket.close()
        if self._process is not None:
            await asyncio.to_thread(self._reap, self._process)
            self._process = None
        await asyncio.gather(*(group.end for group in list(self._groups.values())))

    async def _connect(self) -> None:
        async with self._connecting:
            if self._transport is not None:
                return
            process = self.launch()
            self._transport, protocol = await asyncio.get_running_loop().create_connection(
                lambda: LineProtocol(self._take), sock=self._socket
            )
            protocol.ended.add_done_callback(lambda _: self._lost(process))

    def _send(self, order: str, fds: Sequence[int] = ()) -> None:
        if self._socket is None:
            raise ConnectionResetError(_SERVER_ENDED)
        socket.send_fds(self._socket, [order.encode() + b"\n"], list(fds))

    def _take(self, line: bytes) -> None:
        kind, number, value = line.decode().split()
        group = self._groups.get(int(number))
        if group is None:
            return
        if kind == "pid":
            group.pid = int(value)
            group.started.set_result(None)
        elif kind == "failed":
            group.started.set_exception(OSError(int(value), os.strerror(int(value))))
        elif kind == "exit":
            self._ended(group.number, ProcessEnd(exit_code=int(value)))
        else:
            self._ended(group.number, ProcessEnd(signal=int(value)))

    def _ended(self, number: int, end: ProcessEnd) -> None:
        group = self._groups.pop(number, None)
        if group is not None:
            if not group.over.done():
                group.over.set_result(end)
            if not group.started.done():
                group.started.set_exception(ConnectionResetError(_SERVER_ENDED))

    def _lost(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the groups of a server that has ended; the next child is started by another one."""
        self._transport = self._socket = self._process = None
        for group in list(self._groups.values()):
            if group.pid:
                # The kernel has killed the child itself, but not what that started.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group.pid, signal.SIGKILL)
            self._ended(group.number, _KILLED)
        process.kill()
        asyncio.get_running_loop().run_in_executor(None, process.wait)

    def _kill_server(self) -> None:
        if self._process is not None:
            self._process.kill()

    @staticmethod
    def _reap(process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
