"""The workers that are compared: a checkout's fleet, and the peers; each makes the files of stories."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from worker_parts.watching import wait_for

PARTS = Path(__file__).parent
PEERS = PARTS / "peers.py"
STOP_S = 20.0


class ContestantError(Exception):
    """A contestant's command failed, or its workers took too long."""


class Contestant(Protocol):
    """Workers of one kind."""

    name: str

    def start(self, folder: Path, workers: int, slots: int, seconds: float) -> list[psutil.Process]:
        """Start workers, each with `slots`; a story waits for `seconds`. Return their processes."""

    def publish(self, count: int) -> None:
        """Publish stories; return when the broker has them."""

    def made(self) -> int:
        """Return how many stories are made, and reported where that is this kind's task."""

    def stop(self) -> None:
        """Stop everything."""


@dataclass
class Peer:
    """The workers of a peer; a story counts when its result file is there."""

    name: str
    url: str
    published: int = 0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, folder: Path, workers: int, slots: int, seconds: float) -> list[psutil.Process]:
        """Start workers."""
        self.output = folder / "outputs"
        (self.output / "b1").mkdir(parents=True)
        self.folder = folder
        self.env = os.environ | {
            "GT_AMQP_URL": self.url,
            "GT_BENCH_QUEUE": f"bench-{uuid.uuid4().hex[:8]}",
            "GT_BENCH_OUTPUT": str(self.output),
            "GT_BENCH_SECONDS": str(seconds),
        }
        for _ in range(workers):
            self.processes.append(_started([*self._command("work"), str(slots)], folder, self.env))
        return [psutil.Process(process.pid) for process in self.processes]

    def publish(self, count: int) -> None:
        """Publish stories."""
        numbers = [str(self.published), str(self.published + count)]
        self.published += count
        command = [*self._command("publish"), *numbers]
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ContestantError(f"{self.name} could not publish: {done.stderr[-2000:]}")

    def made(self) -> int:
        """Count the result files."""
        return sum(entry.name.endswith(".json") for entry in os.scandir(self.output / "b1"))

    def stop(self) -> None:
        """Stop the workers."""
        _end(self.processes)

    def _command(self, role: str) -> list[str]:
        return [sys.executable, str(PEERS), self.name, role]


@dataclass
class Fleet:
    """gt-consume and gt-aggregate of a checkout; a story counts when the ledger has its success."""

    name: str
    url: str
    checkout: Path
    published: int = 0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(
        self,
        folder: Path,
        workers: int,
        slots: int,
        seconds: float,
        extra: Mapping[str, str] | None = None,
    ) -> list[psutil.Process]:
        """Start workers and an aggregator."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.env = os.environ | {
            "GT_AMQP_URL": self.url,
            "GT_NAMESPACE": f"bench-{uuid.uuid4().hex[:8]}",
            "GT_LEDGER_URL": f"sqlite:///{folder / 'ledger.db'}",
            "GT_OUTPUT": str(folder / "outputs"),
            "GT_STATE_DIR": str(folder / "state"),
            "GT_LOG_FORMAT": "json",
            "PYTHONPATH": str(PARTS),
            "GT_BENCH_SECONDS": str(seconds),
            **(extra or {}),
        }
        self._run("gt-topology", "declare")
        self.processes.append(self._started("gt-aggregate"))
        orchestrator = ["--orchestrator", "noop:Small", "--prefetch", str(slots)]
        of_workers = [self._started("gt-consume", *orchestrator) for _ in range(workers)]
        self.processes += of_workers
        return [psutil.Process(process.pid) for process in of_workers]

    def publish(self, count: int, *options: str) -> None:
        """Publish a batch; each call another one, unless the options name it."""
        # Never a story twice: one that was made before is left out.
        numbers = range(self.published, self.published + count)
        self.published += count
        lines = (f"https://www.reddit.com/r/tifu/comments/{n:x}a/a_title/\n" for n in numbers)
        path = self.folder / "list.txt"
        path.write_text("".join(lines))
        self._run("gt-produce", "-f", str(path), *options)

    def made(self) -> int:
        """Count the successes in the ledger."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(self.folder / "ledger.db")) as ledger:
            return int(
                ledger.execute("SELECT count(*) FROM gt_stories WHERE status = 'success'").fetchone()[0]
            )
        return 0

    def stop(self) -> None:
        """Stop all processes and delete the queues."""
        _end(self.processes)
        self._run("gt-topology", "delete", "--yes")

    def _started(self, command: str, *arguments: str) -> subprocess.Popen[bytes]:
        return _started([str(self.checkout / ".venv/bin" / command), *arguments], self.folder, self.env)

    def _run(self, command: str, *arguments: str) -> None:
        program = str(self.checkout / ".venv/bin" / command)
        done = subprocess.run(
            [program, *arguments], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ContestantError(f"{command} ended with {done.returncode}: {done.stderr[-2000:]}")


def warm_up(contestant: Contestant, count: int) -> None:
    """Let workers make some stories, so that everything is started and imported."""
    before = contestant.made()
    contestant.publish(count)
    wait_for(lambda: contestant.made() >= before + count, f"{contestant.name} makes its first stories")


def _started(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "processes.log").open("ab") as log:
        return subprocess.Popen(
            list(command), cwd=folder, env=dict(env), stdout=log, stderr=log, start_new_session=True
        )


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    processes.clear()


def remove(folder: Path) -> None:
    """Remove the files of a run."""
    shutil.rmtree(folder, ignore_errors=True)
