"""What the queues of a fleet are for, in the words of `gt-control status` and of the dashboard."""

from __future__ import annotations

from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names


def purpose(queue: str, names: Names) -> str:
    """Return what lies in a queue."""
    if (known := _always_shown(names).get(queue)) is not None:
        return known
    if queue.startswith(f"{names.parked}."):
        return "stories of a paused batch"
    if queue.startswith(f"{names.namespace}.delay."):
        return "stories that start later"
    return "stories that wait for their next attempt"


def is_shown(queue: str, info: QueueInfo | None, names: Names) -> bool:
    """Whether a queue is worth a line: of the wait queues only those in which something waits."""
    return queue in _always_shown(names) or info is None or bool(info.messages)


def _always_shown(names: Names) -> dict[str, str]:
    return {
        names.stories: "stories that no worker has yet",
        names.ledger_queue: "events for the ledger",
        names.dlq: "dead letters",
        names.results_dlq: "events that cannot be read",
    }
