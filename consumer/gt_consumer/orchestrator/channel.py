"""The child's end of the connection with its worker."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import queue
import signal
import threading
from concurrent.futures import Future
from typing import Protocol

from gt_common.errors import UsageError
from gt_consumer.processes.costs import Cost, spent, used
from gt_consumer.processes.protocol import (
    Acquire,
    Final,
    Granted,
    Message,
    Noted,
    ProjectBegun,
    Run,
    StageThrottle,
    VideoMade,
    Withdraw,
    encode,
    parse_order,
    stage_message,
)
from gt_consumer.processes.values import label, project_name

NOTE_SECONDS = 5.0
"""How long a run waits until its worker has noted its project; a slow disk does not hold it up for longer."""


class Sends(Protocol):
    """Sends the messages of a run to its worker."""

    def send(self, *messages: Message) -> None: ...

    def send_project(self, begun: ProjectBegun) -> None:
        """Send the project of a run, and wait until it is noted where that is possible."""


class Acquires(Protocol):
    """Acquires permits for calls to providers."""

    async def acquire(self, provider: str) -> None: ...


class Channel:
    """The child's end of the connection with the worker; any thread may send."""

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        self._fd = fd
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._asked: dict[int, Future[None]] = {}
        self._unnoted: dict[str | None, threading.Event] = {}

    def send(self, *messages: Message) -> None:
        """Send messages at once; if the worker is gone, this process is about to be ended."""
        data = memoryview(b"".join(map(encode, messages)))
        with self._lock, contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._fd, data) :]

    def send_project(self, begun: ProjectBegun) -> None:
        """Send the project of a run, and wait until the worker has noted it: it is resumed after a kill."""
        noted = self._unnoted[begun.project_id] = threading.Event()
        self.send(begun)
        noted.wait(NOTE_SECONDS)

    def requests(self) -> queue.SimpleQueue[Run]:
        """Return the queue of incoming requests; when the worker dies, the process group is killed.

        They are read in a thread, so that a blocking orchestrator does not hide the worker's death.
        """
        received: queue.SimpleQueue[Run] = queue.SimpleQueue()

        def read() -> None:
            with contextlib.suppress(OSError), os.fdopen(self._fd, "rb", closefd=False) as lines:
                for line in lines:
                    order = parse_order(line)
                    match order:
                        case Run():
                            received.put(order)
                        case Granted():
                            self._take(order)
                        case Noted() if order.noted in self._unnoted:
                            self._unnoted.pop(order.noted).set()
            _kill_group()

        threading.Thread(target=read, name="worker-watch", daemon=True).start()
        return received

    async def acquire(self, provider: str) -> None:
        """Wait until the worker grants one call to a provider; works in any event loop of any thread."""
        granted: Future[None] = Future()
        number = next(self._ids)
        self._asked[number] = granted
        self.send(Acquire(provider, number))
        try:
            await asyncio.wrap_future(granted)
        finally:
            if self._asked.pop(number, None) is not None:
                self.send(Withdraw(number))

    def _take(self, grant: Granted) -> None:
        granted = self._asked.pop(grant.id, None)
        if granted is not None and granted.set_running_or_notify_cancel():
            granted.set_result(None)


class StageReporter:
    """Sends the stages, costs and the project of one run until it is over; later reports are ignored."""

    def __init__(self, channel: Sends) -> None:
        self._channel = channel
        self._throttle = StageThrottle()
        self._lock = threading.Lock()
        self._ending = False
        self.open = True
        self.used = False
        self._ended = False

    def __call__(self, stage: str, fraction: float | None = None) -> None:
        message = stage_message(stage, fraction)
        with self._lock:
            self.used = True
            if message is not None and self.open and self._throttle.admits(message):
                self._channel.send(message)

    def spend(self, provider: object, amount: object) -> None:
        """Send what the run has spent; something wrong becomes a warning of the worker."""
        self._send_cost(spent(provider, amount))

    def use(self, provider: object, unit: object, quantity: object) -> None:
        """Send what the run has used; something wrong becomes a warning of the worker."""
        self._send_cost(used(provider, unit, quantity))

    def project(self, project_id: str) -> None:
        """Send the project in which the run works."""
        name = project_name(project_id)
        if name is None:
            raise UsageError(
                f"project() needs the name of a project, such as project('story-17'), not {project_id!r:.100}"
            )
        if self.open:
            self._channel.send_project(ProjectBegun(name))

    def start_over(self) -> None:
        """Send that the project cannot be resumed and a new one is begun."""
        if self.open:
            self._channel.send_project(ProjectBegun(None))

    def end_soon(self) -> None:
        """Send nothing more of a run that is being stopped, but for its video if it succeeds all the same."""
        with self._lock:
            self._ending = self.open
            self.open = False

    @property
    def ending(self) -> bool:
        """Whether the run is being stopped."""
        return self._ending

    def close(self, final: Final | None, *then: Message) -> None:
        """Send the end of the run, unless it is None, and nothing of the run after it.

        Parameters:
            then: what the child says of itself after the end
        """
        with self._lock:
            told = final is not None and (self.open or (self._ending and isinstance(final, VideoMade)))
            messages = (final, *then) if told and final is not None else then
            if messages:
                self._channel.send(*messages)
            self._ended = self._ended or final is not None
            self.open = self._ending = False

    def _send_cost(self, cost: Cost) -> None:
        # A run that is being stopped may still say what its last call has cost.
        with self._lock:
            if not self._ended:
                self._channel.send(cost)


class RunPermits:
    """Acquires permits for calls to providers for one run, until it is over."""

    def __init__(self, channel: Acquires) -> None:
        self._channel = channel
        self._open = True

    async def __call__(self, provider: str) -> None:
        name = label(provider)
        if name is None:
            raise UsageError("acquire() needs the name of a provider, such as acquire('gemini')")
        if not self._open:
            raise UsageError(f"acquire({name!r}) was called after the run was over")
        await self._channel.acquire(name)

    def close(self) -> None:
        """Refuse later requests, as of a thread that outlives the run."""
        self._open = False


def _kill_group() -> None:
    # A process that was started by hand does not lead a group of its own.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
