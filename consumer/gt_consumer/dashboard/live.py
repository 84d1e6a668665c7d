"""The news for browsers: which batches have changed; what they show they fetch, as the ledger has it.

Events of the broker tell it at once; the ledger's version tells it when there is no broker, after an
interruption, and of batches of gt-batch.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gt_common.errors import GossipToonError
from gt_common.log import get_logger
from gt_common.messages import FleetEvent
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.follow import follow

if TYPE_CHECKING:
    from gt_common.settings import Settings
    from gt_consumer.dashboard.books import Books
    from gt_consumer.dashboard.rates import Rates

log = get_logger("dashboard")

COALESCE_S: Final = 0.25
"""Least time between two messages to a browser."""
POLL_S: Final = 0.5
"""Time between two looks at the ledger's version."""
SURE_S: Final = 2.0
"""While events come, a new version of the ledger says for all batches at most so often that they changed."""
_NAMED: Final = 50
"""Batches that a message names; if more have changed, all are said to have."""


@dataclass(eq=False)
class _Listener:
    """What one browser has not been told yet."""

    batches: set[str] = field(default_factory=set)
    everything: bool = False
    fleet: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> str:
        document = {
            "batches": [] if self.everything else sorted(self.batches),
            "all": self.everything,
            "fleet": self.fleet,
        }
        self.batches.clear()
        self.everything = self.fleet = False
        self.woken.clear()
        return json.dumps(document)


class Live:
    """Follows broker and ledger, and passes on what has changed, coalesced.

    Parameters:
        broker_trouble, ledger_trouble: why it does not answer; empty if it does
    """

    def __init__(self, settings: Settings, books: Books, rates: Rates) -> None:
        self._settings = settings
        self._books = books
        self._rates = rates
        self._listeners: set[_Listener] = set()
        self._last_event = 0.0
        self._closed = False
        self.broker_trouble = ""
        self.ledger_trouble = ""
        self.version = -1

    @property
    def watched(self) -> bool:
        """Whether a browser listens."""
        return bool(self._listeners)

    async def run(self) -> None:
        """Follow both, without end."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._poll())

    def changed(self, batch_id: str | None = None, *, fleet: bool = False) -> None:
        """Note that a batch, or all of them, or the fleet has changed."""
        for listener in self._listeners:
            if fleet:
                listener.fleet = True
            elif batch_id is None:
                listener.everything = True
            elif not listener.everything:
                listener.batches.add(batch_id)
                listener.everything = len(listener.batches) > _NAMED
            listener.woken.set()

    def close(self) -> None:
        """End all streams of messages."""
        self._closed = True
        for listener in self._listeners:
            listener.woken.set()

    async def messages(self) -> AsyncGenerator[str, None]:
        """Yield what has changed, as JSON: at once, and then at most every 250 ms."""
        listener = _Listener()
        listener.everything = listener.fleet = True  # what changed before it listened
        self._listeners.add(listener)
        try:
            while not self._closed:
                yield listener.take()
                await asyncio.sleep(COALESCE_S)
                await listener.woken.wait()
        finally:
            self._listeners.discard(listener)

    async def _follow(self) -> None:
        backoff = Backoff()
        while True:
            try:
                async for event in follow(self._settings, None, self._lost):
                    self._last_event = time.monotonic()
                    if event is None:
                        backoff.reset()
                        self.broker_trouble = ""
                        self.changed()
                    elif isinstance(event, FleetEvent):
                        self.changed()
                        self.changed(fleet=True)
                    else:
                        self._rates.count(event)
                        self.changed(event.batch_id)
            except GossipToonError as error:
                self._lost(str(error))
            await backoff.wait()

    def _lost(self, why: str) -> None:
        if not self.broker_trouble:
            log.info("broker_lost", error=why)
            self.broker_trouble = why
            self.changed()

    async def _poll(self) -> None:
        told = 0.0
        while True:
            try:
                version = await self._books.read(lambda ledger: ledger.version())
            except GossipToonError as error:
                if not self.ledger_trouble:
                    log.warning("ledger_lost", error=str(error))
                    self.ledger_trouble = str(error)
                    self.changed()
            else:
                back, self.ledger_trouble = bool(self.ledger_trouble), ""
                now = time.monotonic()
                follows = not self.broker_trouble and now - self._last_event < SURE_S
                if back or (version != self.version and not (follows and now - told < SURE_S)):
                    self.version, told = version, now
                    self.changed()
            await asyncio.sleep(POLL_S)
