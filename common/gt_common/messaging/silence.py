"""Finds out who is missing when a batch that is being followed stands still."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from gt_common.errors import GossipToonError
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.topology import inspect
from gt_common.settings import Settings
from gt_common.texts import plural

QUIET_S: Final = 10.0
"""Seconds without any change before the first look, so that it is said within 15 s."""
AGAIN_S: Final = 60.0
LOOK_S: Final = 4.0


class Silence:
    """Watches how long nothing has happened; looks at the queues' consumers, if this user may.

    Parameters:
        clock: returns seconds
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._said = ""
        self._look_at = clock() + QUIET_S

    def broken(self) -> None:
        """Note that something happened."""
        self._said = ""
        self._look_at = self._clock() + QUIET_S

    @property
    def due(self) -> bool:
        """Whether it is time to look."""
        return self._clock() >= self._look_at

    async def remark(self, *, working: bool, paused: bool = False) -> str:
        """Return who is missing; empty if it is not time to look, nobody is, or it was already said.

        Parameters:
            working: whether a worker has a story of the batch, so that silence alone means nothing
            paused: whether its stories must not start, so that no worker has to take them
        """
        if not self.due:
            return ""
        found = await _missing(self._settings, working=working, paused=paused)
        self._look_at = self._clock() + AGAIN_S
        new, self._said = found != self._said, found
        return found if new else ""


async def _missing(settings: Settings, *, working: bool, paused: bool) -> str:
    names = Names(settings.namespace)
    try:
        async with asyncio.timeout(LOOK_S):
            stories, results = await inspect(settings, [names.stories, names.ledger_queue])
    except (GossipToonError, TimeoutError):
        if working:
            return ""
        return f"nothing has happened for {QUIET_S:.0f} s: are gt-consume and gt-aggregate running?"
    workers = "" if paused else _no_worker(stories)
    return "; ".join(part for part in (workers, _no_aggregator(results)) if part)


def _no_worker(stories: QueueInfo) -> str:
    if stories.consumers:
        return ""
    return f"no worker is running: {_waiting(stories, 'story')}; start gt-consume"


def _no_aggregator(results: QueueInfo) -> str:
    if results.consumers:
        return ""
    return f"no aggregator is running: {_waiting(results, 'result')}; start gt-aggregate"


def _waiting(queue: QueueInfo, noun: str) -> str:
    verb = "waits" if queue.messages == 1 else "wait"
    return f"{plural(queue.messages or 0, noun)} {verb} in {queue.name}"
