"""What the log says of waits for limits: a warning if the run before the wait has cost money."""

from __future__ import annotations

from gt_common.log import get_logger
from gt_common.money import as_number
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Outcome, Waiting
from gt_consumer.worker.run_events import RunEvents

log = get_logger("worker")


def log_wait(events: RunEvents, ended: Outcome, wait: Waiting, currency: str) -> None:
    """Log that a run ended in a wait.

    The next run may cost as much and wait again, up to a hundred times, so that somebody must hear of it.

    Parameters:
        ended: how the run ended before it was judged
        currency: of the costs
    """
    if isinstance(ended, FailedForNow | FailedForGood):
        log.info("rate_limit_recognised", error_type=ended.failure.type, error=ended.failure.message)
    if not events.cost:
        return
    again = events.postponed(wait)
    log.warning(
        "paid_run_postponed",
        provider=wait.provider,
        error=again.wait_error,
        waits=again.waits,
        cost=as_number(sum(events.cost.values())),
        spent=as_number(again.spent),
        currency=currency,
    )
