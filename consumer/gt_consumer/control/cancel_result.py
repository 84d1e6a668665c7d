"""What became of a cancel, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import JsonValue

from gt_common.ledger.reader import LedgerReader
from gt_common.lifecycle import StoryStatus
from gt_common.texts import plural, utc_text
from gt_consumer.control.cancel_plan import CancelPlan, read_plan
from gt_consumer.control.orders import CancelOrder


@dataclass(frozen=True)
class CancelResult:
    """What became of a cancel.

    Parameters:
        plan: the stories as they were before; its `not_listed` is the latest
        cancelled: how many more stories are cancelled than before
        left: how many the ledger does not have as final yet
    """

    order: CancelOrder
    plan: CancelPlan
    cancelled: int
    left: int

    def lines(self) -> Iterator[str]:
        """Yield the lines for the operator."""
        ordered, batch = len(self.plan.refs), self.order.batch_id
        what = "ordered to cancel" if self.left else "cancelled"
        number = ordered if self.left else self.cancelled
        yield f"{what} {plural(number, 'story')} of batch {batch}; before: {self.plan.open_text()}"
        if not self.left and self.cancelled < ordered:
            ended = plural(ordered - self.cancelled, "story")
            yield f"{ended} of them ended before that: `gt-report {batch}`"
        if self.plan.final:
            yield f"already final: {self.plan.final_text()}"
        if self.plan.counts[StoryStatus.RUNNING] and self.order.running == "finish":
            yield "attempts that run may finish; one that succeeds stays a success"

    def document(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        order, counts = self.order, self.plan.counts
        return {
            "schema": 1,
            "batch_id": order.batch_id,
            "by": order.by,
            "reason": order.reason,
            "at": utc_text(order.at),
            "running": order.running,
            "stories": {status.value: counts[status] for status in StoryStatus},
            "cancelled": self.cancelled,
            "not_in_ledger": self.left,
            "not_listed": self.plan.not_listed,
        }


def read_result(ledger: LedgerReader, order: CancelOrder, plan: CancelPlan, left: int) -> CancelResult:
    """Return what became of a cancel, according to the ledger; for errors see `read_plan`.

    Parameters:
        plan: as it was read before
        left: how many stories the ledger does not have as final yet
    """
    after = read_plan(ledger, order)
    cancelled = after.counts[StoryStatus.CANCELLED] - plan.counts[StoryStatus.CANCELLED]
    return CancelResult(order, replace(plan, not_listed=after.not_listed), max(0, cancelled), left)
