"""Numbers in order, into and out of which one can be taken without touching the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import accumulate, chain
from typing import Final

_MOST: Final = 2000
"""Numbers in one run: moving them for an insertion takes about a microsecond."""


class SortedValues:
    """A sorted multiset of numbers, kept as a list of short runs."""

    def __init__(self, values: list[float] | None = None) -> None:
        ordered = sorted(values or [])
        self._runs = [ordered[start : start + _MOST] for start in range(0, len(ordered), _MOST)]
        self._last = [run[-1] for run in self._runs]
        self._size = len(ordered)
        self._starts: list[int] | None = None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[float]:
        return chain.from_iterable(self._runs)

    def __getitem__(self, place: int) -> float:
        """Return the number at a place in the order, from 0."""
        starts = self._placed()
        run = bisect_right(starts, place) - 1
        return self._runs[run][place - starts[run]]

    def add(self, value: float) -> None:
        """Add a number."""
        self._size += 1
        self._starts = None
        if not self._runs:
            self._runs, self._last = [[value]], [value]
            return
        place = min(bisect_left(self._last, value), len(self._runs) - 1)
        run = self._runs[place]
        insort(run, value)
        self._last[place] = run[-1]
        if len(run) > 2 * _MOST:
            self._runs[place : place + 1] = [run[:_MOST], run[_MOST:]]
            self._last.insert(place, run[_MOST - 1])

    def remove(self, value: float) -> None:
        """Remove a number that is in here, once."""
        self._size -= 1
        self._starts = None
        place = bisect_left(self._last, value)
        run = self._runs[place]
        del run[bisect_left(run, value)]
        if run:
            self._last[place] = run[-1]
        else:
            del self._runs[place], self._last[place]

    def below(self, value: float) -> int:
        """Return how many numbers are less than a value."""
        place = bisect_left(self._last, value)
        if place == len(self._runs):
            return self._size
        return self._placed()[place] + bisect_left(self._runs[place], value)

    def _placed(self) -> list[int]:
        """Return the place of the first number of each run."""
        if self._starts is None:
            self._starts = [0, *accumulate(map(len, self._runs))][:-1]
        return self._starts
