"""Has people told that a stop rule has stopped a batch; the ledger itself tells that a cost limit is near."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from gt_common.errors import GossipToonError

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger


async def tell_stopped(ledger: Ledger, batch_id: str, why: str) -> None:
    """Write the notification into the outbox of the ledger.

    Parameters:
        why: what happened, in one sentence without a full stop
    """
    from gt_common.ledger.outbox import NotificationKind  # loads the database library

    # What the run has committed is in the ledger, and its report is what matters.
    with suppress(GossipToonError):
        # A batch that is resumed may be stopped again.
        await asyncio.to_thread(ledger.enqueue, batch_id, NotificationKind.STOPPED, why, again=True)
