"""What the ledger knows of a batch that was begun on this machine, and what is left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gt_common.errors import NoSuchBatchError, UsageError
from gt_common.lifecycle import BatchState
from gt_common.messages import GT_BATCH, utc_now
from gt_consumer.batch import work as batch_work
from gt_consumer.batch.work import HISTORY, BatchWork

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger


def work_left(ledger: Ledger, batch_id: str, *, retry_by: str | None = None) -> BatchWork:
    """Plan to go on with a batch or, for whoever wants it, to run its failed stories again.

    Raises:
        NoSuchBatchError: the ledger knows no such batch
        UsageError: it was published to workers
    """
    before = ledger.batch(batch_id)
    check_local(before)
    history = ledger.events(batch_id, HISTORY)
    if retry_by is not None:
        return batch_work.retry_failed(before, history, retry_by, utc_now())
    return batch_work.resume(before, history, utc_now())


def find_begun(ledger: Ledger, batch_id: str) -> BatchState | None:
    """Give a batch that was begun on this machine, or None when there is none of this id.

    Raises:
        UsageError: it was published to workers
    """
    try:
        state = ledger.batch(batch_id)
    except NoSuchBatchError:
        return None
    check_local(state)
    return state


def check_new(ledger: Ledger, batch_id: str) -> None:
    """See that no batch of this id has begun.

    Raises:
        UsageError: one has
    """
    if find_begun(ledger, batch_id) is not None:
        raise UsageError(f"batch {batch_id} has begun before; resume it, or take another id")


def check_local(state: BatchState) -> None:
    """See that a batch is this machine's own to go on with.

    Raises:
        UsageError: it was published to workers
    """
    if state.opened is None or state.opened.made_by != GT_BATCH:
        raise UsageError(
            f"batch {state.batch_id} was published to workers, and its stories may lie in the queue: "
            f"gt-consume makes them, gt-dlq replay --batch {state.batch_id} tries failed ones again"
        )
