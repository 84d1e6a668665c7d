"""gt-doctor's look at what operators have paused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from gt_common.errors import CredentialsRefusedError, TopologyError
from gt_common.messaging.control.notices import HoldNotice
from gt_common.messaging.control.standing import Pauses, read_pauses
from gt_common.messaging.examine import BrokerStatus
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from gt_common.texts import by_whom, plural
from gt_consumer.doctor.finding import Finding, warn

NAMED: Final = 5
"""Paused batches that have a line of their own."""


def read_pauses_of(status: BrokerStatus, settings: Settings) -> Pauses | None:
    """Return what is paused; None if this user may not know, or the broker takes no messages now."""
    if status.blocked or Names(settings.namespace).control not in status.queues:
        return None
    try:
        return asyncio.run(read_pauses(settings, "gt-doctor"))
    except (CredentialsRefusedError, TopologyError):
        return None


def look_at_pauses(pauses: Pauses, settings: Settings) -> Iterator[Finding]:
    """Warn of what is paused, and of stories that were left behind by a pause that is over."""
    names = Names(settings.namespace)
    waiting = {queue.name: queue.messages or 0 for queue in pauses.queues}
    held = pauses.holds.all_held()
    for order in held[:NAMED]:
        mine = [] if order.batch_id is None else pauses.holds.revisions(order.batch_id)
        queues = [names.parked_queue(order.batch_id or "", revision) for revision in mine]
        yield _paused(order, sum(waiting.get(name, 0) for name in queues))
    if len(held) > NAMED:
        yield warn("paused", f"and {plural(len(held) - NAMED, 'other batch')}", "see `gt-control status`")
    for batch_id, revision in pauses.holds.parked():
        left = waiting.get(names.parked_queue(batch_id, revision), 0)
        if left and pauses.holds.held(batch_id) is None:
            said = f"{plural(left, 'story')} of batch {batch_id}, which is not paused any more, still parked"
            yield warn("paused", said, "the next worker that starts brings them back: start gt-consume")


def _paused(order: HoldNotice, parked: int) -> Finding:
    whose = by_whom(order.by, order.reason)
    if order.batch_id is None:
        return warn("paused", f"the fleet, by {whose}: no worker starts a story", "`gt-control resume`")
    said = f"batch {order.batch_id}, by {whose}; {plural(parked, 'story')} parked"
    return warn("paused", said, f"`gt-control resume {order.batch_id}`")
