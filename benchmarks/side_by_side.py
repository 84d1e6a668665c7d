"""Runs a measurement in this checkout and in another one, in turn, and prints its figures.

A measurement is a script that, called with `--child NAME …`, prints one JSON object of numbers by name. It
runs with the Python of the checkout that is measured, so it imports that one's packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import BEFORE, OURS, alternate, show

HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measure:
    """One number of a measurement.

    Parameters:
        key: its name in what the child prints
        goal: a goal as in `bench.goals`; a number is the least ratio of this checkout to the other one, or
            the most if `less` is better
        series: with `size`, for a plot
    """

    name: str
    key: str
    unit: str
    goal: float | str = ""
    less: bool = False
    series: str = ""
    size: int | None = None

    def goal_text(self) -> str:
        """Return the goal as text."""
        if isinstance(self.goal, str):
            return self.goal
        return f"ratio >= {1 / self.goal if self.less else self.goal:g}"


def child(checkout: Path, script: Path, arguments: Sequence[str]) -> Mapping[str, float]:
    """Run a measurement once with the packages of a checkout.

    Raises:
        SystemExit: it failed; its output was printed
    """
    python = checkout / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, script, "--child", *arguments], cwd=checkout, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{script.name} {' '.join(arguments)} failed in {checkout}")
    found: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(
    script: str, arguments: Sequence[str], measures: Sequence[Measure], against: Path | None, runs: int
) -> None:
    """Run a measurement `runs` times per checkout, in turn, and print the figure of each measure."""
    checkouts = {OURS: HERE} | ({BEFORE: against.resolve()} if against else {})

    def of(checkout: Path) -> Callable[[], Mapping[str, float]]:
        return lambda: child(checkout, Path(script).resolve(), arguments)

    found = alternate({name: of(checkout) for name, checkout in checkouts.items()}, runs)
    for measure in measures:
        show(
            measure.name,
            measure.unit,
            "less" if measure.less else "more",
            {name: [one[measure.key] for one in answers] for name, answers in found.items()},
            goal=measure.goal_text(),
            series=measure.series,
            size=measure.size,
        )


def is_child() -> bool:
    """Whether this process is to measure and print, and not to compare."""
    return sys.argv[1:2] == ["--child"]
