"""Compares fresh ratios with those of the page: for whoever changes a hot path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.results import Key

TOLERANCE = 0.2
"""A ratio has fallen if it is below that of the page by more than this share."""


@dataclass(frozen=True)
class Fallen:
    """A ratio that is lower than the page's; `now` is None if it was not measured."""

    key: Key
    page: float
    now: float | None

    def __str__(self) -> str:
        script, measure, beside = self.key
        if self.now is None:
            return f"{script}: {measure} (beside {beside}): {self.page:.2f} on the page, now not measured"
        share = 100 * (1 - self.now / self.page)
        now = f"{self.now:.2f} (-{share:.0f} %)"
        return f"{script}: {measure} (beside {beside}): {self.page:.2f} on the page, now {now}"


def fallen(page: Mapping[Key, float], now: Mapping[Key, float]) -> list[Fallen]:
    """Return the ratios of the page that fell, or that are missing now."""
    return [
        Fallen(key, ratio, now.get(key))
        for key, ratio in page.items()
        if key not in now or now[key] < (1 - TOLERANCE) * ratio
    ]


def best(one: Mapping[Key, float], other: Mapping[Key, float]) -> dict[Key, float]:
    """Return the greater ratio of two runs, for each: a slower program is slower in each of them."""
    return {key: max(found[key] for found in (one, other) if key in found) for key in (*one, *other)}
