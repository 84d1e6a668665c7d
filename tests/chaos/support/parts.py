"""Commands as processes that are restarted when they end, as by a supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from support.waiting import pause, until

BIN = Path(sys.executable).parent
TESTS = Path(__file__).parents[2]
_KEPT_LINES = 400
_RESTART_S = 0.2
_INHERITED = [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []


@dataclass
class Part:
    """A command that runs all the time, or until it has done its work.

    Parameters:
        name: its name in reports
        ready: text on standard error that means that it works
        once: whether it is done when it ends by itself
        trouble: whether a fault is active that may keep it from starting
        log: the file to which its log lines are added, each behind the time at which it came
        done_codes: exit codes with which one that runs once is done; 1 for a worker, whose stories may fail
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: str = ""
    once: bool = False
    trouble: Callable[[], bool] = lambda: True
    log: Path | None = None
    done_codes: frozenset[int] = frozenset({0})
    surprises: list[str] = field(default_factory=list)
    starts: int = 0
    busy: int = 0
    """Stories that a worker runs now, according to its log."""
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    process: asyncio.subprocess.Process | None = None
    changed: Sequence[str] | None = None
    """The command with which it is started the next time, if not the usual one."""
    expected_end: bool = False
    """Whether it was told to stop and will be started again."""
    _stopping: bool = False
    _killed: bool = False
    _is_ready: bool = False
    _keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start it and keep it running."""
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        running = self.process is not None and self.process.returncode is None
        return self.process.pid if running and self.process else None

    @property
    def is_ready(self) -> bool:
        """Whether the current process has reported that it works."""
        return self._is_ready and self.pid is not None

    @property
    def is_kept(self) -> bool:
        """Whether it still has work to do, or is to keep running."""
        return self._keeper is not None and not self._keeper.done()

    def has_ended(self) -> bool:
        """Whether it has done its work; a worker that left dead letters has exit code 1."""
        return self.process is not None and self.process.returncode in {0, 1}

    def send(self, number: signal.Signals) -> bool:
        """Send a signal. Return False if it does not run."""
        if self.pid is None or self.process is None:
            return False
        self._killed = self._killed or number is signal.SIGKILL
        self.process.send_signal(number)
        return True

    def children(self) -> list[psutil.Process]:
        """Return the Python children of a worker that run stories, without their guards."""
        if self.pid is None:
            return []
        try:
            family = psutil.Process(self.pid).children(recursive=True)
            return [one for one in family if "gt_consumer.orchestrator.child" in one.cmdline()]
        except psutil.Error:
            return []

    async def done(self, deadline: float) -> None:
        """Wait until it has done its work."""
        assert self._keeper is not None
        async with asyncio.timeout(deadline):
            await asyncio.shield(self._keeper)

    async def stop(self, deadline: float = 90.0) -> int | None:
        """End it with SIGTERM. Return its exit code, or None if it was never started.

        Raises:
            TimeoutError: it did not end in time
        """
        self._stopping = True
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        if self._keeper is None:
            return None
        await self.done(deadline)
        return self.process.returncode if self.process else None

    async def cut_off(self) -> None:
        """Kill it, whatever it is doing."""
        self._stopping = True
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)
        if self._keeper is not None:
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def until_ready(self, deadline: float = 90.0) -> None:
        """Wait until it has reported that it works."""
        await until(lambda: self.is_ready, deadline)

    async def _keep(self) -> None:
        while True:
            await self.run_once()
            assert self.process is not None
            code = self.process.returncode
            if self._stopping or (self.once and code in self.done_codes):
                return
            if not self._killed and not self.expected_end and not self._may_end(code):
                self.surprises.append(
                    f"{self.name} ended by itself with {code}: {''.join(self._last_words())}"
                )
            await pause(_RESTART_S)

    def _may_end(self, code: int | None) -> bool:
        """Whether an exit is a refusal to start, or to continue, that a fault explains."""
        refused = code in {2, 3, 4} and self.trouble()
        return refused and (self.once or not self._is_ready)

    async def run_once(self) -> None:
        """Run it once and wait for its end."""
        self._killed = self._is_ready = self.expected_end = False
        self.busy = 0
        command, self.changed = self.changed or self.command, None
        self.process = await asyncio.create_subprocess_exec(
            *command,
            env={**self.environment, "PYTHONPATH": os.pathsep.join([str(TESTS), *_INHERITED])},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=8 * 1024 * 1024,
        )
        self.starts += 1
        if self._stopping:
            self.process.terminate()
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self._hear(line.decode(errors="replace"))
        await self.process.wait()

    def _hear(self, line: str) -> None:
        self.said.append(line[:2000])
        if self.log is not None:
            with self.log.open("a") as log:
                log.write(f"{time.time():.3f} {line}")
        if self.ready and self.ready in line:
            self._is_ready = True
        if '"event": "story_started"' in line:
            self.busy += 1
        if '"event": "story_ended"' in line:
            self.busy -= 1
        if "Traceback" in line and '"part": "runner"' not in line and '"part": "output"' not in line:
            self.surprises.append(f"{self.name} said: {line[:1500]}")

    def _last_words(self) -> list[str]:
        return list(self.said)[-3:]


def ours(name: str, *arguments: str) -> list[str]:
    """Return the command line of an installed command."""
    return [str(BIN / name), *arguments]


async def run_command(
    command: Sequence[str], environment: Mapping[str, str], longest_s: float
) -> tuple[int, str]:
    """Run a command to its end; return its exit code, and what it said on standard error.

    Raises:
        TimeoutError: it did not end in time
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**environment, "PYTHONPATH": os.pathsep.join([str(TESTS), *_INHERITED])},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(longest_s):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, said.decode(errors="replace")


def patched(options: Sequence[str], name: str, *arguments: str) -> list[str]:
    """Return the command line of a command that is started through `chaos.support.crashing`."""
    return [sys.executable, "-m", "chaos.support.crashing", *options, "--", name, *arguments]
