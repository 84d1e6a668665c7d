"""Runs the scripts of the benchmarks, each in a process of its own with a limit of time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.figures import Figure

FOLDER = Path(__file__).resolve().parents[1]
FULL_LIMIT_S = 900.0
LARGE_LIMIT_S = 1800.0
QUICK_LIMIT_S = 180.0
STOP_S = 20.0
"""For a script that is stopped: it ends what it started."""


@dataclass
class Outcome:
    """What a script brought.

    Parameters:
        failure: why it has not brought everything; empty if it has
    """

    script: str
    figures: list[Figure] = field(default_factory=list)
    failure: str = ""
    seconds: float = 0.0


def scripts(folder: Path = FOLDER) -> dict[str, Path]:
    """Return the benchmarks of a folder by name: its Python files that can be run."""
    return {path.stem: path for path in sorted(folder.glob("*.py")) if "__main__" in path.read_text()}


def needs_broker(script: Path) -> bool:
    """Whether a script uses a broker: it reads the address from GT_AMQP_URL."""
    return "GT_AMQP_URL" in script.read_text()


def run(script: Path, options: Sequence[str], environment: Mapping[str, str], limit: float) -> Outcome:
    """Run a script and collect its figures; what it says on standard error is passed on.

    A failure does not raise: it is in the outcome, beside the figures that were printed before.
    """
    outcome, begun = Outcome(script.stem), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(script), *options],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(environment),
        start_new_session=True,
    )
    late = threading.Event()

    def stop() -> None:
        late.set()
        end(process)

    timer = threading.Timer(limit, stop)
    timer.start()
    try:
        _collect(process, outcome)
    except BaseException:
        end(process)
        raise
    finally:
        timer.cancel()
    outcome.seconds = time.monotonic() - begun
    if late.is_set():
        outcome.failure = f"stopped after {limit:.0f} s"
    elif process.returncode:
        outcome.failure = f"ended with exit code {process.returncode}"
    elif not outcome.figures:
        outcome.failure = outcome.failure or "printed no figure"
    return outcome


def _collect(process: subprocess.Popen[str], outcome: Outcome) -> None:
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                outcome.figures.append(Figure.read(line))
            except ValueError as error:
                outcome.failure = str(error)


def end(process: subprocess.Popen[str]) -> None:
    """Stop a script and all that it started: as Ctrl-C does, later by force."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            family += psutil.Process(process.pid).children(recursive=True)
            process.kill()
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
