"""What an action would change, according to the ledger: reading the queue would touch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gt_common.ledger.find_batch import check_known
from gt_common.lifecycle import StoryStatus
from gt_common.messages import BatchPaused, FleetPaused
from gt_common.texts import by_whom, plural
from gt_consumer.control.cancel_plan import read_plan
from gt_consumer.control.orders import CancelOrder
from gt_consumer.control.pause import known_event
from gt_consumer.dashboard.selected import newest_letters
from gt_consumer.deadletters.ledger_view import KnownLetter

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader
    from gt_consumer.dashboard.orders import Action, Target

SHOWN: Final = 20


@dataclass(frozen=True)
class Preview:
    """What an action would change.

    Parameters:
        count: how many dead letters or stories; None for a pause
        text: the same in words
        letters: the first of them
    """

    count: int | None
    text: str
    letters: list[KnownLetter]


def preview_letters(ledger: LedgerReader, action: Action, target: Target) -> Preview:
    """Return the dead letters that would be changed.

    Raises:
        NoSuchBatchError: the ledger does not know the batch
    """
    if target.batch:
        check_known(ledger, target.batch)
    status = StoryStatus.CANCELLED if action == "restore" else StoryStatus.FAILED
    letters, count = newest_letters(ledger, status, target.selection, SHOWN)
    what = "discarded dead letter" if action == "restore" else "dead letter"
    early = _cancelled_early(ledger, target) if action == "restore" else 0
    also = f" and {plural(early, 'cancelled story')} whose message is still on its way" if early else ""
    return Preview(count + early, f"{plural(count, what)}{also}", letters)


def _cancelled_early(ledger: LedgerReader, target: Target) -> int:
    """Count the cancelled stories without a letter, which a restore takes if they have one by then."""
    if target.selection.needs_letter or not target.batch:
        return 0
    keys = ledger.letter_keys(StoryStatus.CANCELLED, batch_id=target.batch, with_letter=False)
    return sum(1 for _, story, _ in keys if target.story in {"", story})


def preview_cancel(ledger: LedgerReader, order: CancelOrder) -> Preview:
    """Return the stories that would be cancelled.

    Raises:
        NoSuchBatchError: the ledger does not know the batch
        UsageError: the batch has no such story
    """
    check_known(ledger, order.batch_id)
    plan = read_plan(ledger, order)
    text = plural(len(plan.refs), "story") + (f": {plan.open_text()}" if plan.refs else "")
    already = f"; already final: {plan.final_text()}" if plan.final else ""
    return Preview(len(plan.refs), text + already, [])


def preview_pause(ledger: LedgerReader, target: Target) -> Preview:
    """Return what is paused now.

    Raises:
        NoSuchBatchError: the ledger does not know the batch
    """
    if target.batch:
        check_known(ledger, target.batch)
    event = known_event(ledger, target.batch or None)
    paused = isinstance(event, BatchPaused | FleetPaused)
    what = f"batch {target.batch}" if target.batch else "the whole fleet"
    state = f"paused by {by_whom(event.by, event.reason)}" if paused and event else "not paused"
    return Preview(None, f"{what}, which is {state}", [])
