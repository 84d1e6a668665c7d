"""What every benchmark prints, and the arguments that each has: the contract with the runner.

A benchmark is a script in `benchmarks/`. It prints each of its figures as one line of JSON, and nothing
else on standard output. This module needs only the standard library, because a script may also run with the
packages of another checkout.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

OURS: Final = "ours"
BEFORE: Final = "before"
"""The name of another checkout, beside which this one runs; all other names are peers."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Figure:
    """One measured number, beside another one or alone.

    Parameters:
        better: which of two numbers is the better one, "less" or "more"
        runs: each of our runs; `ours` is their median
        other: median of what ours is compared with
        beside: what that is: `before`, or a peer's name
        goal: `ratio >= 4`, or a bound on our own number such as `<= 150`; empty for none
        series: the name that figures of several sizes share, for a plot
        size: the size in the series, such as a number of stories
        only_plot: whether it is a point of a plot, and no line of the table
    """

    measure: str
    unit: str
    better: str
    ours: float
    runs: tuple[float, ...] = ()
    other: float | None = None
    other_runs: tuple[float, ...] = ()
    beside: str = ""
    goal: str = ""
    series: str = ""
    size: int | None = None
    only_plot: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better ours is than the other; above 1 is good."""
        return None if self.other is None else times_better(self.better, self.ours, self.other)

    def line(self) -> str:
        """Return it as a line of JSON."""
        return json.dumps(
            {name: value for name, value in asdict(self).items() if value not in ("", None, (), False)}
        )

    @classmethod
    def read(cls, line: str) -> Figure:
        """Return the figure of a line.

        Raises:
            ValueError: it is not a figure
        """
        try:
            found = json.loads(line)
            runs = {name: tuple(map(float, found.get(name, ()))) for name in ("runs", "other_runs")}
            figure = cls(**found | runs)
        except (TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a figure: {line.strip()[:200]} ({error})") from None
        if figure.better not in ("less", "more"):
            raise ValueError(f"better is 'less' or 'more': {line.strip()[:200]}")
        return figure


def times_better(better: str, ours: float, other: float) -> float | None:
    """Return how many times better ours is; None where that cannot be said, since a number is 0."""
    above, below = (ours, other) if better == "more" else (other, ours)
    return above / below if below else None


def arguments(doc: str | None, *, rounds: int = 3) -> argparse.ArgumentParser:
    """Return a parser with the arguments that every benchmark has."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less work and fewer rounds, seconds in all")
    parser.add_argument("--large", action="store_true", help="also a million stories, this checkout only")
    parser.add_argument(
        "--against", type=Path, metavar="DIR", help="another checkout with a built .venv, measured in turn"
    )
    parser.add_argument(
        "--rounds", type=int, default=rounds, help="rounds of a full run (default: %(default)s)"
    )
    return parser


def alternate(sides: Mapping[str, Callable[[], Answer]], rounds: int) -> dict[str, list[Answer]]:
    """Call each side once per round, every other round in the opposite order; return the answers by side."""
    found: dict[str, list[Answer]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides) if number % 2 == 0 else list(sides)[::-1]
        for name in names:
            found[name].append(sides[name]())
    return found


def show(
    measure: str,
    unit: str,
    better: str,
    values: Mapping[str, Sequence[float]],
    *,
    goal: str | Mapping[str, str] = "",
    series: str = "",
    size: int | None = None,
    only_plot: bool = False,
) -> None:
    """Print the figure of a measure beside each other side, or alone if there is none.

    Parameters:
        values: the numbers of each side; ours are under `ours`
        goal: for every side, or by the name of the side; that of ours alone is under `ours`
    """
    ours = _short(values[OURS])
    for name in [name for name in values if name != OURS] or [OURS]:
        wanted = goal if isinstance(goal, str) else goal.get(name, "")
        figure = Figure(
            measure,
            unit,
            better,
            statistics.median(ours),
            ours,
            goal=wanted,
            series=series,
            size=size,
            only_plot=only_plot,
        )
        if name != OURS:
            others = _short(values[name])
            figure = replace(figure, other=statistics.median(others), other_runs=others, beside=name)
        print(figure.line(), flush=True)


def _short(values: Sequence[float]) -> tuple[float, ...]:
    """Return values without the digits that say nothing."""
    return tuple(float(f"{value:.5g}") for value in values)
