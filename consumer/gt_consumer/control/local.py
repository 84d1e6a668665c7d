"""Orders for a batch that gt-batch runs: written into its ledger, where a gt-batch that runs finds them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from gt_common.batches import batch_lock
from gt_common.files import is_locked
from gt_common.ledger import open_ledger
from gt_common.ledger.queries.story_keys import StoryRef
from gt_common.ledger.reader import LedgerReader
from gt_common.lifecycle import StoryStatus
from gt_common.messages import Event, StoryCancelled
from gt_common.notify.sender import sending
from gt_common.notify.targets import Target, digests, open_targets
from gt_common.settings import Settings
from gt_consumer.control.cancel import cancelled_event
from gt_consumer.control.orders import CancelOrder

STOPPED_S: Final = 10.0
"""Longest wait for the end of the attempts that run, in seconds."""
POLL_S: Final = 0.1


def write_orders(settings: Settings, events: Sequence[Event]) -> None:
    """Write events into the ledger, and tell the targets of GT_NOTIFY if they end the batch.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: it cannot be written, or not by this user
        UsageError: GT_NOTIFY is invalid; nothing was written
    """
    asyncio.run(_write(settings, events, open_targets(settings)))


async def _write(settings: Settings, events: Sequence[Event], targets: Sequence[Target]) -> None:
    told = digests(settings) if targets else ()
    with open_ledger(settings.ledger, timeout=settings.connect_timeout, notify=told) as ledger:
        async with sending(ledger, targets, settings.currency):
            await asyncio.to_thread(ledger.apply, events)


def cancel_local(
    settings: Settings, ledger: LedgerReader, order: CancelOrder, refs: Sequence[StoryRef]
) -> int:
    """Cancel stories; return how many attempts have not been reported as ended.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: nothing was cancelled
    """
    states = ledger.stories(order.batch_id, [ref.story_id for ref in refs])
    events = (cancelled_event(state, order, settings.discard_keep) for state in states)
    write_orders(settings, [event.model_copy(update={"running": order.running}) for event in events])
    running = [state.story_id for state in states if state.status is StoryStatus.RUNNING]
    return _wait_for_ends(settings, ledger, order, running) if order.running == "stop" else 0


def _wait_for_ends(
    settings: Settings, ledger: LedgerReader, order: CancelOrder, running: Sequence[str]
) -> int:
    """Wait until gt-batch has reported the end of attempts; return how many are left.

    What a killed gt-batch left behind is not waited for, unless it may be another machine's.
    """
    here = _runs_here(settings, order.batch_id)
    if not here and settings.ledger.startswith("sqlite"):
        return 0
    deadline = time.monotonic() + STOPPED_S
    while left := _without_end(ledger, order.batch_id, running):
        if time.monotonic() >= deadline:
            return left
        if here and not _runs_here(settings, order.batch_id):
            return 0
        time.sleep(POLL_S)
    return 0


def _without_end(ledger: LedgerReader, batch_id: str, story_ids: Sequence[str]) -> int:
    """Count the stories whose cancel nobody has repeated with its letter, as the end of an attempt does."""
    events = (state.event for state in ledger.stories(batch_id, story_ids))
    return sum(isinstance(event, StoryCancelled) and event.letter is None for event in events)


def _runs_here(settings: Settings, batch_id: str) -> bool:
    """Whether a gt-batch of this machine runs the batch."""
    return is_locked(batch_lock(settings.state_dir, batch_id))
