"""How long the commands take to start: `--help` of each, and gt-produce of one story from start to end.

    .venv/bin/python benchmarks/start.py [--quick] [--against DIR]

The commands take turns, so that a load on the machine hits all alike. For `--help` the processor time (user
and system) is shown as a multiple of that of bare Python (`python -c pass`). gt-produce needs the broker of
GT_AMQP_URL; take one of your own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import entry_points
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from bench.figures import BEFORE, OURS, alternate, arguments, show
from bench.fleets import fleet

MOST: Final = 12.0
"""Longest `--help`, as a multiple of the start of bare Python."""
TIMES_FASTER: Final = 2.0
"""Goal of gt-produce of one story, beside the build that it was set for."""
BIN: Final = Path(sys.executable).parent
BARE: Final = "python -c pass"


class Times(NamedTuple):
    """Seconds of one run."""

    processor: float
    elapsed: float


def measure(arguments: list[str], environment: dict[str, str] | None = None) -> Times:
    """Run a program and return how long it took."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(arguments, env=environment, capture_output=True, check=True)
    elapsed, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Times(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, elapsed)


def compare_help(rounds: int) -> None:
    """Print the figures of each command's help: processor time, as a multiple of that of bare Python."""
    points = entry_points(group="console_scripts")
    ours = sorted(point.name for point in points if point.value.startswith("gt_"))
    programs = {BARE: [sys.executable, "-c", "pass"]}
    programs |= {name: [str(BIN / name), "--help"] for name in ours}

    def of(program: list[str]) -> Callable[[], Times]:
        return lambda: measure(program)

    times = alternate({name: of(program) for name, program in programs.items()}, rounds)
    base = median(one.processor for one in times.pop(BARE))
    for name, taken in times.items():
        multiples = [one.processor / base for one in taken]
        show(f"{name} --help", "x bare Python", "less", {OURS: multiples}, goal=f"<= {MOST:g}")


def compare_one_story(rounds: int, against: Path | None) -> None:
    """Print the figures of gt-produce of one story."""
    folders = {OURS: BIN} | ({BEFORE: against.resolve() / ".venv" / "bin"} if against else {})
    numbers = count()
    with ExitStack() as stack:

        def of(folder: Path) -> Callable[[], Times]:
            environment = stack.enter_context(fleet(folder))
            command = str(folder / "gt-produce")
            return lambda: measure([command, f"https://redd.it/b{next(numbers)}"], environment)

        times = alternate({name: of(folder) for name, folder in folders.items()}, rounds)
    for what in Times._fields:
        values = {name: [getattr(one, what) for one in taken] for name, taken in times.items()}
        show(f"gt-produce of one story, {what}", "s", "less", values, goal=f"ratio >= {TIMES_FASTER:g}")


def main() -> None:
    """Run the benchmark."""
    given = arguments(__doc__, rounds=9).parse_args()
    rounds = 3 if given.quick else given.rounds
    compare_one_story(rounds, given.against)
    compare_help(rounds)


if __name__ == "__main__":
    main()
