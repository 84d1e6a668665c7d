"""Finds wait queues of delays that were configured once; the broker cannot be asked for a list of queues."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from gt_common.messaging.connection import connect
from gt_common.messaging.lookup import Lookup, QueueInfo
from gt_common.messaging.names import Names
from gt_common.settings import Settings

AT_ONCE = 20
"""Number of queues that are looked for at the same time: a broker may be far away."""


async def forgotten_wait_queues(settings: Settings) -> list[QueueInfo]:
    """Return the existing wait queues of delays that are usual but not configured now.

    Looked for are delays of tenths of a second below one second, of whole seconds up to two minutes, of
    whole minutes up to two hours, and of whole hours up to two days.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the broker cannot be asked
    """
    names = Names(settings.namespace)
    configured = {names.retry_queue(delay) for delay in settings.retry_delays}
    usual = dict.fromkeys(map(names.retry_queue, _usual_delays()))
    wanted = iter([name for name in usual if name not in configured])
    found: list[QueueInfo] = []

    async def look(lookup: Lookup) -> None:
        for name in wanted:
            info = await lookup.queue(name)
            if info.messages is not None:
                found.append(info)

    async with connect(settings, "gt topology") as connection:
        await asyncio.gather(*[look(Lookup(connection)) for _ in range(AT_ONCE)])
    return sorted(found, key=lambda info: info.name)


def _usual_delays() -> Iterator[float]:
    yield from (tenths / 10 for tenths in range(1, 10))
    yield from map(float, range(1, 121))
    yield from (minutes * 60.0 for minutes in range(3, 121))
    yield from (hours * 3600.0 for hours in range(3, 49))
