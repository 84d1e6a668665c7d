"""What a list will probably cost: the median of earlier videos, for dry runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from gt_common.money import MILLION, format_money
from gt_common.texts import plural


@dataclass(frozen=True)
class CostEstimate:
    """An estimated cost.

    Parameters:
        stories: how many are to be made
        costs: what earlier videos have cost, in millionths of the currency
        currency: of all amounts
    """

    stories: int
    costs: Sequence[int]
    currency: str

    @property
    def each(self) -> float | None:
        """The median of what earlier videos have cost; None if nobody has said any."""
        return round(median(self.costs)) / MILLION if self.costs else None

    @property
    def total(self) -> float | None:
        """What the stories will cost then."""
        return round(median(self.costs)) * self.stories / MILLION if self.costs else None

    def document(self) -> dict[str, float | int | str | None]:
        """Return its part of the JSON object of a dry run."""
        return {
            "estimate_cost": self.total,
            "estimate_cost_from": len(self.costs),
            "currency": self.currency,
        }

    def line(self) -> str | None:
        """Format it as `estimated cost: 1.20 USD (median of 17 videos: 0.12 USD each)`; None without any."""
        if self.each is None or self.total is None:
            return None
        each, total = (format_money(amount, self.currency) for amount in (self.each, self.total))
        return f"estimated cost: {total} (median of {plural(len(self.costs), 'video')}: {each} each)"
