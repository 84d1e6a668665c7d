"""Orders found in the ledger, as the notices that a worker of the fleet gets: it treats both alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from gt_common.messages import StoryCancelled
from gt_common.messaging.control.cancelled import Cancellation
from gt_common.messaging.control.notices import CancelNotice


def cancel_notices(events: Iterable[StoryCancelled]) -> Iterator[CancelNotice]:
    """Yield the notices of cancels; one for each order, or for each part of a large one."""
    orders: dict[tuple[str, Cancellation], list[tuple[str, int]]] = defaultdict(list)
    for event in events:
        order = Cancellation(event.at, event.by, event.reason, event.running or "stop")
        orders[event.batch_id, order].append((event.story_id, event.generation))
    for (batch_id, order), stories in orders.items():
        yield from order.notices(batch_id, stories)
