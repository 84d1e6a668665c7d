"""A command that runs while its memory, its processor time and its silence are watched."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

LOOK_S: Final = 0.5
"""Seconds between two looks at the memory."""


class Watched:
    """Runs a command and its children until it ends by itself, or until the block ends.

    Parameters:
        samples: pairs of seconds since the start and megabytes of resident memory
        longest_silence: seconds in which it printed no line, at most
        ended_after: seconds from its start to its end
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        self._begun = self._heard = time.monotonic()
        self.samples: list[tuple[float, float]] = []
        self.longest_silence = 0.0
        self.ended_after = 0.0
        self.process = subprocess.Popen(
            [*map(str, command)],
            env=dict(environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._state = psutil.Process(self.process.pid)
        self._threads = [threading.Thread(target=work) for work in (self._listen, self._look)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        if self.process.stderr is not None:
            self.process.stderr.close()

    @property
    def peak(self) -> float:
        """Megabytes of memory, at most."""
        return max((megabytes for _, megabytes in self.samples), default=0.0)

    @property
    def processor(self) -> float:
        """Seconds of processor time so far."""
        times = self._state.cpu_times()
        return float(times.user + times.system)

    def wait(self, seconds: float) -> int:
        """Wait until it ends; return its exit code.

        Raises:
            subprocess.TimeoutExpired: it did not end in time
        """
        code = self.process.wait(seconds)
        self.ended_after = time.monotonic() - self._begun
        return code

    def curve(self, points: int) -> list[tuple[int, float]]:
        """Return the memory at about so many moments: pairs of whole seconds, from 1 on, and megabytes."""
        step = max(1, len(self.samples) // points)
        chosen = [*self.samples[::step], *self.samples[-1:]]
        return sorted({max(1, round(at)): megabytes for at, megabytes in chosen}.items())

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for _ in self.process.stderr:
            self._note_silence()
        self._note_silence()

    def _note_silence(self) -> None:
        now = time.monotonic()
        self.longest_silence = max(self.longest_silence, now - self._heard)
        self._heard = now

    def _look(self) -> None:
        while self.process.poll() is None:
            try:
                family = [self._state, *self._state.children(recursive=True)]
                used = sum(one.memory_info().rss for one in family) / 2**20
            except psutil.Error:
                used = 0.0
            if used:
                self.samples.append((time.monotonic() - self._begun, used))
            time.sleep(LOOK_S)
