"""Numbers kept in order: the same as a sorted list, however many runs they fill."""

from __future__ import annotations

import random

import pytest

from gt_common.report import sorted_values
from gt_common.report.sorted_values import SortedValues


@pytest.mark.parametrize("seed", range(5))
def test_values_stay_those_of_a_sorted_list(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_values, "_MOST", 4)
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice
    start = [float(chance.randrange(30)) for _ in range(20)]
    values, plain = SortedValues(start), sorted(start)
    for _ in range(400):
        if plain and chance.random() < 0.48:
            gone = chance.choice(plain)
            values.remove(gone)
            plain.remove(gone)
        else:
            new = float(chance.randrange(30))
            values.add(new)
            plain = sorted([*plain, new])
        assert [values[place] for place in range(len(values))] == plain
        assert values.below(15.0) == sum(value < 15 for value in plain)


def test_an_emptied_one_can_be_filled_again() -> None:
    values = SortedValues([1.0])
    values.remove(1.0)
    assert (len(values), values.below(2.0)) == (0, 0)
    values.add(3.0)
    assert values[0] == 3.0
