"""`--wait`: a batch's events as they come, folded and shown until the batch has ended."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from gt_common.errors import BrokerUnreachableError, GossipToonError
from gt_common.ledger import Ledger, open_ledger
from gt_common.lifecycle import BatchPhase, BatchState
from gt_common.log import get_logger
from gt_common.messages import BatchStories, Event, StoryEntry
from gt_common.messaging.follow import follow
from gt_common.progress.display import Progress
from gt_common.settings import Settings

LOOK_EVERY = 10.0
"""Seconds between two looks into the ledger: what the broker itself dead-letters is told nowhere else."""
FIRST_VIEW = 30.0
"""Seconds to wait for the first view of a batch."""
_TICK = 1.0

log = get_logger("wait")

Follow = Callable[[Settings, str], AsyncIterator[Event | None]]


class BatchWatch:
    """Takes what is heard of a batch from the broker and, where there is one, from the ledger."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._ledger: Ledger | None = None
        # Looks run in threads, two of them at once when the view comes back during one.
        self._reading = threading.Lock()
        self._closed = False
        self._seeing = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def state(self) -> BatchState:
        """The batch as far as it is known."""
        return self._progress.state

    def feed(self, event: Event) -> None:
        """Take an event; a repeated one changes nothing."""
        self._progress.event(event)
        if self.state.opened is not None and self.state.phase is not BatchPhase.OPEN:
            self._ended.set()

    async def hear(self, source: Follow = follow) -> None:
        """Take events as they come, without end."""
        async for event in source(self._settings, self.state.batch_id):
            if event is not None:
                self.feed(event)
            elif self._seeing.is_set():
                await self.look_into_ledger()  # what happened while the view was lost is not repeated
            else:
                self._seeing.set()

    async def until_seeing(self, follower: asyncio.Task[None], patience: float = FIRST_VIEW) -> None:
        """Wait until the first view stands, so that nothing of what is published afterwards is missed.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError: it cannot be had
        """
        async with _waiting_for(self._seeing) as seeing:
            await asyncio.wait({seeing, follower}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            _check(follower)
            if not seeing.done():
                raise BrokerUnreachableError(
                    f"batch {self.state.batch_id} cannot be watched: the broker gave no view of it "
                    f"within {patience:g} s; publish without --wait"
                )

    async def until_ended(self, follower: asyncio.Task[None]) -> None:
        """Wait until every story is final.

        Raises:
            CredentialsRefusedError, BrokerUnreachableError: the broker no longer lets us watch
        """
        look_at = 0.0
        async with _waiting_for(self._ended) as ended:
            while not ended.done():
                if time.monotonic() >= look_at:
                    await self.look_into_ledger()
                    look_at = time.monotonic() + LOOK_EVERY
                await asyncio.wait({ended, follower}, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
                if not ended.done():
                    _check(follower)
                    self._progress.tick()

    async def look_into_ledger(self) -> None:
        """Take what the ledger knows; one that cannot be read, or lacks the batch, tells nothing."""
        try:
            known = await asyncio.to_thread(self._read_ledger)
        except GossipToonError as error:
            log.debug("ledger_read_failed", error=str(error))
            return
        for event in news(known, self.state):
            self.feed(event)

    def close(self) -> None:
        """Close the ledger, if it was opened; a look that is still going on is waited for."""
        with self._reading:
            self._closed = True
            if self._ledger is not None:
                self._ledger.close()

    def _read_ledger(self) -> BatchState:
        with self._reading:
            if self._closed:
                return BatchState(self.state.batch_id)
            if self._ledger is None:
                self._ledger = open_ledger(self._settings.ledger, timeout=self._settings.connect_timeout)
            return self._ledger.batch(self.state.batch_id)


@asynccontextmanager
async def watching(
    settings: Settings, progress: Progress
) -> AsyncIterator[tuple[BatchWatch, asyncio.Task[None]]]:
    """Watch a batch for the time of a block; the view stands when the block begins."""
    watch = BatchWatch(settings, progress)
    follower = asyncio.create_task(watch.hear(), name="follow the batch")
    try:
        await watch.until_seeing(follower)
        yield watch, follower
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        watch.close()


def news(known: BatchState, ours: BatchState) -> Iterator[Event]:
    """Give the events that stand in one state of a batch and that another does not have."""
    if known.opened is not None and known.opened != ours.opened:
        yield known.opened
    entries = tuple(
        StoryEntry(story_id=story.story_id, position=story.position, url=story.url)
        for story in known.stories.values()
        if story.listed and story.story_id not in ours.stories
    )
    if entries:
        yield BatchStories(batch_id=known.batch_id, stories=entries)
    for story in known.stories.values():
        mine = ours.stories.get(story.story_id)
        if story.event is not None and (mine is None or story.event != mine.event):
            yield story.event


@asynccontextmanager
async def _waiting_for(event: asyncio.Event) -> AsyncIterator[asyncio.Task[bool]]:
    task: asyncio.Task[bool] = asyncio.create_task(event.wait())
    try:
        yield task
    finally:
        task.cancel()


def _check(follower: asyncio.Task[None]) -> None:
    if follower.done():
        follower.result()
        raise BrokerUnreachableError("the view of the batch ended")
