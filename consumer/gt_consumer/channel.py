"""The child's end of the connection with its worker."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading

from gt_consumer.protocol import Final, Message, Run, StageThrottle, encode, parse_run, stage_message


class Channel:
    """The child's end of the connection with the worker; any thread may send."""

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        self._fd = fd
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send a message; a worker that is gone has its own way to end this process."""
        data = memoryview(encode(message))
        with self._lock, contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._fd, data) :]

    def requests(self) -> queue.SimpleQueue[Run]:
        """Give the requests as they come; when the worker goes away, the process group is killed.

        They are read in a thread, so that an orchestrator that blocks does not hide the worker's death.
        """
        received: queue.SimpleQueue[Run] = queue.SimpleQueue()

        def read() -> None:
            with contextlib.suppress(OSError), os.fdopen(self._fd, "rb", closefd=False) as lines:
                for line in lines:
                    received.put(parse_run(line))
            _kill_group()

        threading.Thread(target=read, name="worker-watch", daemon=True).start()
        return received


class StageReporter:
    """Passes the stages of one run on until it is over; a thread that outlives it is not heard."""

    def __init__(self, channel: Channel) -> None:
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

    def close(self, final: Final | None) -> None:
        """Send how the run ended, if that is of interest, and nothing more."""
        with self._lock:
            if self.open and final is not None:
                self._channel.send(final)
            self.open = False


def _kill_group() -> None:
    # Only below its guard is the group this child's own.
    if os.getpgrp() == os.getppid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
