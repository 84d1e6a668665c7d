"""A warm child process that runs Python orchestrators, one story at a time."""

from __future__ import annotations

import asyncio
import socket
import time
from contextvars import copy_context
from dataclasses import dataclass

import psutil

from gt_consumer.processes.costs import Spent, Used, WrongCost
from gt_consumer.processes.forked_group import ChildForker, ForkedGroup
from gt_consumer.processes.group import ProcessEnd
from gt_consumer.processes.lines import LineProtocol
from gt_consumer.processes.output_log import OutputLog
from gt_consumer.processes.protocol import (
    Acquire,
    ChildState,
    Failed,
    Granted,
    Noted,
    ProjectBegun,
    Run,
    Stage,
    VideoMade,
    Wait,
    Withdraw,
    encode,
    parse,
)
from gt_consumer.runner.execution import Died, OnAcquire, OnStage, Result

_SETTLE_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_SMALL_GROWTH = 256 * 1024 * 1024


@dataclass(frozen=True)
class Recycling:
    """When a warm child is replaced by a new one.

    Parameters:
        stories: after this many stories
        growth_bytes: when its resident memory has grown by this much since its first story
        growth_factor: or to this multiple (and by 256 MiB at least)
        idle_seconds: when it had nothing to do for this long, so that its models do not fill the memory
    """

    stories: int = 200
    growth_bytes: int = 1_500_000_000
    growth_factor: float = 3.0
    idle_seconds: float = 600.0


class PythonChild:
    """A process that runs stories; as an `Execution`, the story that it runs now."""

    def __init__(self) -> None:
        self._output = OutputLog()
        self._on_stage: OnStage = lambda _: None
        self._on_acquire: OnAcquire = lambda _message, _on_grant: None
        self._context = copy_context()
        self._idle = False
        self._freed: asyncio.Future[bool] | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._base_rss = 0
        self._looked = -_LOOK_SECONDS
        self._process: psutil.Process | None = None
        self._transport: asyncio.WriteTransport
        self._messages: LineProtocol
        self._group: ForkedGroup
        self._follower: asyncio.Task[None]
        self.end: asyncio.Future[Result]
        self.stories = 0
        self._accepted = False

    @classmethod
    async def start(cls, forker: ChildForker) -> PythonChild:
        """Start a child.

        Parameters:
            forker: whose children serve the orchestrator

        Raises:
            OSError: no process can be started
        """
        child = cls()
        ours, theirs = socket.socketpair()
        try:
            child._group = await forker.fork(theirs.fileno(), child._output.stdout, child._output.stderr)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        loop = asyncio.get_running_loop()
        child._transport, child._messages = await loop.create_connection(
            lambda: LineProtocol(child._take), sock=ours
        )
        child.end = loop.create_future()
        child._follower = asyncio.create_task(child._follow())
        return child

    @property
    def alive(self) -> bool:
        """Whether its process exists, as far as is known."""
        return not self._group.over.done()

    def begin(self, request: Run, on_stage: OnStage, on_acquire: OnAcquire) -> None:
        """Send it a story; `end` is done when that has ended.

        Parameters:
            on_acquire: receives what the run asks of the limiter, and a callback for the grant
        """
        self.stories += 1
        self._accepted = False
        self._idle, self._freed = False, None
        self._on_stage = on_stage
        self._on_acquire = on_acquire
        self._output.begin()
        # The pipes keep the context of the child's first story; what it sends is about this one.
        self._context = copy_context()
        self.end = asyncio.get_running_loop().create_future()
        if self._follower.done():
            self.end.set_result(self._death(self._group.end.result()))
        else:
            self._transport.write(encode(request))

    def free(self) -> asyncio.Future[bool]:
        """Return what is done when the child is free for another story; False: it died, or takes too long."""
        if self._freed is None:
            self._freed = asyncio.get_running_loop().create_future()
            if self._idle or self._follower.done():
                self._set_free(self._idle and self.alive)
            else:
                self._settling = asyncio.get_running_loop().call_later(_SETTLE_SECONDS, self._set_free, False)
        return self._freed

    async def settled(self) -> None:
        """Wait until it is free for another story, has died, or takes too long."""
        await asyncio.wait({self.free()})

    def grown(self, recycling: Recycling) -> bool:
        """Whether its memory has grown too much since its first story; looked at once in a second at most."""
        now = time.monotonic()
        if now < self._looked + _LOOK_SECONDS:
            return False
        self._looked = now
        try:
            self._process = self._process or psutil.Process(self._group.pid)
            rss: int = self._process.memory_info().rss
        except psutil.Error:
            return True
        self._base_rss = self._base_rss or rss
        growth = rss - self._base_rss
        multiplied = growth > _SMALL_GROWTH and rss > recycling.growth_factor * self._base_rss
        return growth > recycling.growth_bytes or multiplied

    async def stop(self, grace: float) -> None:
        """Terminate its process group, kill it after `grace` seconds, and wait for its end."""
        await self._group.stop(grace)
        await asyncio.wait({self._follower})

    def last_lines(self) -> str:
        """Return the last lines that it printed for this story."""
        return self._output.last_lines()

    def kill(self) -> None:
        """Kill its process group at once."""
        self._group.kill()

    def _take(self, line: bytes) -> None:
        self._context.run(self._handle, line)

    def _handle(self, line: bytes) -> None:
        match parse(line):
            case Stage() | Spent() | Used() | WrongCost() as report:
                self._on_stage(report)
            case ProjectBegun() as begun:
                self._take_project(begun)
            case VideoMade() | Failed() | Wait() as final:
                if not self.end.done():
                    self.end.set_result(final)
            case Acquire() | Withdraw() as message if not self.end.done():
                self._on_acquire(message, self._answer)
            case Acquire() | Withdraw():
                # Of a run that is over; its waits are cancelled.
                return
            case ChildState("accepted"):
                self._accepted = True
            case ChildState("idle"):
                self._idle = True
                self._set_free(True)
            case _:
                self._output.stdout(line)

    def _set_free(self, free: bool) -> None:
        if self._settling is not None:
            self._settling.cancel()
        if self._freed is not None and not self._freed.done():
            self._freed.set_result(free)

    def _take_project(self, begun: ProjectBegun) -> None:
        answer = Noted(begun.project_id)
        if (noted := self._on_stage(begun)) is None:
            self._answer(answer)
        else:
            noted.add_done_callback(lambda _: self._answer(answer))

    def _answer(self, order: Granted | Noted) -> None:
        if not self._transport.is_closing():
            self._transport.write(encode(order))

    async def _follow(self) -> None:
        end = await self._group.end
        # What it sent before its death may not have been read yet.
        await asyncio.wait({self._messages.ended}, timeout=1.0)
        self._transport.close()
        self._output.close()
        if not self.end.done():
            self.end.set_result(self._death(end))
        self._set_free(False)

    def _death(self, end: ProcessEnd) -> Died:
        # A warm child may have died, unnoticed, while it was free.
        unnoticed = self.stories > 1 and not self._accepted
        return Died(end, self._output.tail(), before_start=unnoticed)
