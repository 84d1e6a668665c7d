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
from gt_consumer.processes.protocol import (
    Acquire,
    Final,
    Granted,
    Message,
    Noted,
    ProjectBegun,
    Run,
    StageThrottle,
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

    def send(self, message: Message) -> None: ...

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

    def send(self, message: Message) -> None:
        """Send a message; if the worker is gone, this process is about to be ended."""
        data = memoryview(encode(message))
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
    """Sends the stages and the project of one run until it is over; later reports are ignored."""

    def __init__(self, channel: Sends) -> None:
        self._channel = channel
        self._throttle = StageThrottle()
        self._lock = threading.Lock()
        self.open = True
        self.used = False

    def __call__(self, stage: str, fraction: float | None = None) -> None:
        message = stage_message(stage, fraction)
        with self._lock:
            self.used = True
            if message is not None and self.open and self._throttle.admits(message):
                self._channel.send(message)

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

    def close(self, final: Final | None) -> None:
        """Send the end of the run, unless it is None, and nothing after it."""
        with self._lock:
            if self.open and final is not None:
                self._channel.send(final)
            self.open = False


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
    # Without a guard the group is not this child's own.
    if os.getpgrp() == os.getppid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
