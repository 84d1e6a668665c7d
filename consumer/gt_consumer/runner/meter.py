"""Adds up what one run says of its cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from gt_common.log import get_logger
from gt_common.messages import MAX_PROVIDERS
from gt_common.money import add, to_millionths
from gt_common.redaction import redact
from gt_consumer.processes.costs import Cost, Used, WrongCost
from gt_consumer.processes.values import MAX_LABEL
from gt_consumer.runner.prices import Prices

OnSpent = Callable[[Mapping[str, int]], None]
"""Receives what a run has spent so far: millionths of the currency, by provider."""

OTHERS: Final = "others"
"""What is spent on further providers, when a run names more than an event has room for."""

_log = get_logger("runner")


class Meter:
    """What one run has spent so far.

    Parameters:
        on_spent: called with the sums when they change, or when the first cost is zero
    """

    def __init__(self, prices: Prices, on_spent: OnSpent) -> None:
        self._prices = prices
        self._on_spent = on_spent
        self._sums: dict[str, Decimal] = {}
        self._warned = False

    def take(self, cost: Cost) -> None:
        """Add what the run says; something wrong is a warning, once per run, and nothing else."""
        if isinstance(cost, WrongCost):
            if not self._warned:
                self._warned = True
                _log.warning("cost_ignored", problem=redact(cost.wrong_cost))
            return
        amount = self._prices.cost_of(cost) if isinstance(cost, Used) else cost.amount
        if amount is not None:
            self._add(redact(cost.provider)[:MAX_LABEL], amount)

    def _add(self, provider: str, amount: Decimal) -> None:
        if provider not in self._sums and len(self._sums) >= MAX_PROVIDERS - 1:
            provider = OTHERS
        before = self._sums.get(provider)
        self._sums[provider] = amount if before is None else add(before, amount)
        if before is None or amount:
            self._on_spent({name: to_millionths(total) for name, total in self._sums.items()})
