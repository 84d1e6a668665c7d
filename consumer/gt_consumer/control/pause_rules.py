"""The stop rules of a batch that is paused or resumed: its new ones must count, and must let it go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from gt_common.errors import UsageError
from gt_common.ledger.queries.batches import BatchHead
from gt_common.lifecycle import BatchPhase
from gt_common.messages import StopRules, is_local
from gt_common.money import format_millionths
from gt_consumer.control.pause import PauseOrder

_NEXT: Final = timedelta(microseconds=1)


def fit_rules(order: PauseOrder, head: BatchHead, phase: BatchPhase, currency: str) -> PauseOrder:
    """Return the order at a time at which its rules count, also by a clock that is behind.

    Of each rule the latest event counts. That of the batch may be of a machine whose clock is ahead.

    Parameters:
        head, phase: the batch, as the ledger knows it
        currency: of the limits of costs

    Raises:
        UsageError: the open batch has cost what it may cost; each resumption would start some more stories
            until it is paused again
    """
    if order.pause:
        return order
    before, given = head.rules or StopRules(), order.rules or StopRules()
    limit = before.max_cost if given.max_cost is None else given.max_cost
    is_judged = phase is BatchPhase.OPEN and not is_local(head.opened)
    if limit is not None and (head.cost or 0) >= limit and is_judged:
        spent, allowed = (format_millionths(part, currency) for part in (head.cost or 0, limit))
        raise UsageError(
            f"{order.what} has cost {spent} and may cost {allowed}: its stop rule would pause it again; set "
            "a higher limit with --max-cost"
        )
    if order.rules is None:
        return order
    settings = [setting.at for setting in (before.failures_by, before.cost_by) if setting]
    return replace(order, at=max([order.at, *(at + _NEXT for at in settings)]))
