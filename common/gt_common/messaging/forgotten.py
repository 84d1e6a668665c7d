"""Finds wait queues of delays that were configured once; the broker cannot be asked for a list of queues."""

from __future__ import annotations

import time
from collections.abc import Iterator

from gt_common.log import get_logger
from gt_common.messaging.connection import connect
from gt_common.messaging.lookup import Lookup, QueueInfo
from gt_common.messaging.names import Names
from gt_common.settings import Settings

log = get_logger("messaging")

PATIENCE_S = 30.0
"""How long to look for forgotten queues on a broker that answers slowly, in seconds."""


async def forgotten_wait_queues(settings: Settings) -> list[QueueInfo]:
    """Return the existing wait queues of delays that are usual but not configured now.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the broker cannot be asked
    """
    names = Names(settings.namespace)
    configured = {names.retry_queue(delay) for delay in settings.retry_delays}
    usual = [
        name for name in dict.fromkeys(map(names.retry_queue, _usual_delays())) if name not in configured
    ]
    found: list[QueueInfo] = []
    until = time.monotonic() + PATIENCE_S
    async with connect(settings, "gt topology") as connection:
        lookup = Lookup(connection)
        for number, name in enumerate(usual):
            if time.monotonic() > until:
                log.warning("wait_queue_search_stopped", queues=usual[number:])
                break
            info = await lookup.queue(name)
            if info.messages is not None:
                found.append(info)
    return found


def _usual_delays() -> Iterator[float]:
    """Yield the delays in seconds, the most usual ones first."""
    yield from (10.0, 60.0, 300.0, 1800.0, 3600.0)
    yield from map(float, range(1, 31))
    yield from (minutes * 60.0 for minutes in range(1, 31))
    yield from (hours * 3600.0 for hours in (*range(1, 13), 24, 48))
    yield from (45.0, 90.0, 120.0, 2700.0, 5400.0)
    yield from (0.1, 0.2, 0.25, 0.3, 0.5)
