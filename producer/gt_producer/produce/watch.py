"""`--wait`: follow a batch's events and show its progress until it has ended."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gt_common.errors import BrokerUnreachableError, GossipToonError
from gt_common.ledger import read_ledger
from gt_common.ledger.reader import LedgerReader
from gt_common.lifecycle import BatchPhase, BatchState, StoryState, StoryStatus
from gt_common.log import get_logger
from gt_common.messages import BatchStories, Event, StoryEntry
from gt_common.messaging.follow import follow
from gt_common.messaging.silence import Silence
from gt_common.progress.display import Progress
from gt_common.settings import Settings

LOOK_EVERY = 10.0
"""Seconds between two reads of the ledger, which alone knows the stories that the broker dead-letters."""
LOOK_SHARE = 0.02
"""Of its time, what these reads take at most: a large batch is read less often."""
FIRST_VIEW = 30.0
"""Seconds to wait until the broker delivers the batch's events."""
_TICK = 1.0

log = get_logger("wait")

Follow = Callable[[Settings, str], AsyncIterator[Event | None]]


class BatchWatch:
    """Follows a batch through the broker's events and, if it can be read, the ledger."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._silence = Silence(settings)
        self._ledger: LedgerReader | None = None
        self._read_version = -1
        # Reads run in threads: two at once when the connection is restored during one.
        self._reading = threading.Lock()
        self._closed = False
        self._seeing = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def state(self) -> BatchState:
        """The state of the batch as far as it is known."""
        return self._progress.state

    def feed(self, event: Event) -> None:
        """Fold an event; a repeated one changes nothing."""
        if self._progress.event(event):
            self._silence.broken()
        if self.state.opened is not None and self.state.phase is not BatchPhase.OPEN:
            self._ended.set()

    async def hear(self, source: Follow = follow) -> None:
        """Fold events as they arrive, until cancelled."""
        async for event in source(self._settings, self.state.batch_id):
            if event is not None:
                self.feed(event)
            elif self._seeing.is_set():
                await self.read_ledger()  # events published while disconnected are not delivered later
            else:
                self._seeing.set()

    async def until_seeing(self, follower: asyncio.Task[None], patience: float = FIRST_VIEW) -> None:
        """Wait until events are delivered, so that nothing that is published afterwards is missed.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError: the broker does not deliver them in time
        """
        async with _waiting_for(self._seeing) as seeing:
            await asyncio.wait({seeing, follower}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            _check(follower)
            if not seeing.done():
                raise BrokerUnreachableError(
                    f"batch {self.state.batch_id} cannot be watched: the broker did not deliver its events "
                    f"within {patience:g} s; publish without --wait"
                )

    async def until_ended(self, follower: asyncio.Task[None]) -> None:
        """Wait until every story is final.

        Raises:
            CredentialsRefusedError, BrokerUnreachableError: the batch can no longer be followed
        """
        look_at = 0.0
        self._silence.broken()
        async with _waiting_for(self._ended) as ended:
            while not ended.done():
                if time.monotonic() >= look_at:
                    begun = time.monotonic()
                    await self.read_ledger()
                    took = time.monotonic() - begun
                    look_at = begun + max(LOOK_EVERY, took / LOOK_SHARE)
                await asyncio.wait({ended, follower}, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
                if not ended.done():
                    _check(follower)
                    self._progress.tick()
                    await self._say_who_is_missing()

    async def _say_who_is_missing(self) -> None:
        working = bool(self.state.counts[StoryStatus.RUNNING])
        paused = self.state.paused is not None
        if missing := await self._silence.remark(working=working, paused=paused):
            self._progress.remark(missing)

    async def read_ledger(self) -> None:
        """Fold what the ledger knows; an unreadable ledger, or one without the batch, changes nothing."""
        try:
            unseen = await asyncio.to_thread(self._read_ledger)
        except GossipToonError as error:
            log.debug("ledger_read_failed", error=str(error))
            return
        for event in unseen:
            self.feed(event)

    def close(self) -> None:
        """Close the ledger, if it was opened, after the read in progress."""
        with self._reading:
            self._closed = True
            if self._ledger is not None:
                self._ledger.close()

    def _read_ledger(self) -> list[Event]:
        with self._reading:
            if self._closed:
                return []
            if self._ledger is None:
                self._ledger = read_ledger(self._settings.ledger, timeout=self._settings.connect_timeout)
            version = self._ledger.version()
            if version == self._read_version:
                return []
            unseen = unseen_events(self._ledger, self.state)
            self._read_version = version
            return unseen


@asynccontextmanager
async def watching(
    settings: Settings, progress: Progress
) -> AsyncIterator[tuple[BatchWatch, asyncio.Task[None]]]:
    """Watch a batch during a block; its events are delivered when the block begins.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the batch cannot be watched
    """
    watch = BatchWatch(settings, progress)
    follower = asyncio.create_task(watch.hear(), name="follow the batch")
    try:
        await watch.until_seeing(follower)
        yield watch, follower
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        watch.close()


def unseen_events(ledger: LedgerReader, seen: BatchState) -> list[Event]:
    """Return the events that decide the ledger's state of a batch and that another state does not have.

    Only the ids of events are compared; a story is read if its own differs.

    Parameters:
        seen: the state that was folded from the broker's events

    Raises:
        NoSuchBatchError: the ledger does not know the batch
    """
    batch_id = seen.batch_id
    head = ledger.head(batch_id)
    known = ledger.deciding_events(batch_id)
    differ = [story_id for story_id, listed, event_id in known if _differs(seen, story_id, listed, event_id)]
    stories = ledger.stories(batch_id, differ)
    pairs = ((head.opened, seen.opened), (head.hold, seen.hold), (head.fleet, seen.fleet))
    events: list[Event] = [event for event, before in pairs if event is not None and event != before]
    if entries := tuple(_entry(story) for story in stories if story.listed and not _is_listed(seen, story)):
        events.append(BatchStories(batch_id=batch_id, stories=entries))
    return events + [story.event for story in stories if story.event is not None]


def _differs(seen: BatchState, story_id: str, listed: bool, event_id: str | None) -> bool:
    """Whether the ledger knows more of a story: that a list names it, or another event."""
    story = seen.stories.get(story_id)
    if story is None:
        return True
    mine = story.event.event_id if story.event else None
    return (listed and not story.listed) or (event_id is not None and event_id != mine)


def _entry(story: StoryState) -> StoryEntry:
    return StoryEntry(story_id=story.story_id, position=story.position, url=story.url, title=story.title)


def _is_listed(state: BatchState, story: StoryState) -> bool:
    mine = state.stories.get(story.story_id)
    return mine is not None and mine.listed


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
        raise BrokerUnreachableError("the broker no longer delivers the events of the batch")
