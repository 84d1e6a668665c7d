"""Cancels stories: the order to the workers first, then the events by which the ledger knows it at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Final

from gt_common.ledger.queries.story_keys import StoryRef
from gt_common.ledger.reader import LedgerReader
from gt_common.lifecycle import StoryState
from gt_common.messages import StoryCancelled, StoryReleased, StoryRetrying, StoryStage, StoryStarted
from gt_common.messaging.control.cancelled import Cancellation, CancelledStories
from gt_common.messaging.publisher import Publisher
from gt_consumer.control.orders import CancelOrder

TAKEN_S: Final = 10.0
"""Longest time until the ledger has the next cancelled story, in seconds."""
POLL_S: Final = 0.1
_READ_AT_ONCE: Final = 1000


class Cancel:
    """Carries out one order.

    Parameters:
        keep_s: seconds during which the stories can be restored
        ordered: how many stories the workers have been told of
        published: how many events are on their way to the ledger
        publishing: whether there are others of those stories that were known at the start
        left: how many stories the ledger does not have as cancelled yet
    """

    def __init__(self, ledger: LedgerReader, publisher: Publisher, order: CancelOrder, keep_s: float) -> None:
        self._ledger = ledger
        self._publisher = publisher
        self._order = order
        self._keep_s = keep_s
        self._known = CancelledStories()
        self.ordered = self.published = self.left = 0
        self.publishing = True

    async def run(self, refs: Sequence[StoryRef]) -> None:
        """Cancel stories; return when the ledger has all of it, or has got no further for TAKEN_S.

        Stories that moved on meanwhile, such as one that was replayed, and those that are new in the batch's
        list are cancelled in further rounds.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not cancelled
            LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        """
        self.left = len(refs)
        await self._give_orders(refs)
        self.publishing = False
        version, deadline = -1, time.monotonic() + TAKEN_S
        while time.monotonic() < deadline:
            latest = await asyncio.to_thread(self._ledger.version)
            if latest != version:
                version = latest
                left = await asyncio.to_thread(self._read_left)
                new = [ref for ref in left if not self._is_ordered(ref)]
                if new:
                    await self._give_orders(new)
                if new or len(left) < self.left:
                    deadline = time.monotonic() + TAKEN_S
                self.left = len(left)
                if not left:
                    return
            await asyncio.sleep(POLL_S)

    async def _give_orders(self, refs: Sequence[StoryRef]) -> None:
        order = self._order
        cancellation = Cancellation(order.at, order.by, order.reason, order.running)
        for notice in cancellation.notices(order.batch_id, [(ref.story_id, ref.generation) for ref in refs]):
            await self._publisher.control(notice)
            self._known.add(notice)
            self.ordered += len(notice.stories)
        for start in range(0, len(refs), _READ_AT_ONCE):
            ids = [ref.story_id for ref in refs[start : start + _READ_AT_ONCE]]
            states = await asyncio.to_thread(self._ledger.stories, order.batch_id, ids)
            async with aclosing(self._publisher.many(self._events(states))) as groups:
                async for group in groups:
                    self.published += len(group)

    def _read_left(self) -> list[StoryRef]:
        wanted = self._order.stories
        refs = self._ledger.story_refs(self._order.batch_id, only_open=True)
        return [ref for ref in refs if not wanted or ref.story_id in wanted]

    def _is_ordered(self, ref: StoryRef) -> bool:
        return self._known.find(self._order.batch_id, ref.story_id, ref.generation) is not None

    def _events(self, states: Iterable[StoryState]) -> Iterator[StoryCancelled]:
        """Yield the events of those that are still not final; a later generation comes in the next round."""
        for state in states:
            generation = state.event.generation if state.event else 1
            if not state.status.final and self._is_ordered(
                StoryRef(state.story_id, generation, state.status)
            ):
                yield cancelled_event(state, self._order, self._keep_s)


def cancelled_event(state: StoryState, order: CancelOrder, keep_s: float) -> StoryCancelled:
    """Return the event by which a story that is not final is cancelled.

    It belongs to the run that the ledger knows of or, if none is under way, to the next one.

    Parameters:
        keep_s: seconds during which the story can be restored
    """
    event = state.event
    attempt, run, worker, started_at = 1, 0, None, None
    if event is not None:
        attempt, run = event.attempt, event.run
    match event:
        case StoryStarted() | StoryStage():
            worker, started_at = event.worker, event.started_at
        case StoryReleased():
            run += 1
        case StoryRetrying():
            attempt, run = attempt + 1, 0
    return StoryCancelled(
        batch_id=order.batch_id,
        story_id=state.story_id,
        position=state.position,
        url=state.url,
        generation=event.generation if event else 1,
        attempt=attempt,
        run=run,
        worker=worker,
        started_at=started_at,
        at=order.at,
        by=order.by,
        reason=order.reason,
        purge_at=order.at + timedelta(seconds=keep_s),
    )
