"""Brings the stories of batches back that are not paused any more, and deletes the queues they waited in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final, NamedTuple, Protocol

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, QueueUnavailableError
from gt_common.log import get_logger
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.tasks import Tasks

log = get_logger("worker")

LAGGARDS_S: Final = 30.0
"""After this time stories are brought back again, which slow workers parked after the end of a pause."""
RIGHTS: Final = "update the rights of workers (docs/operations.md, Users)"
LOST: Final = (
    "restart the broker; if that does not help, it has lost the queue (docs/operations.md, Lost queues)"
)
UNAVAILABLE_S: Final = 300.0
"""After this time of asking again and again, a queue is taken for one that the broker cannot load."""
_AT_ONCE: Final = 8
"""Queues that are worked on at the same time, each over connections of its own."""
Parking = tuple[str, int]
"""A batch, and the revision of the hold under which its stories are parked."""
Work = Callable[[], Awaitable[bool]]
"""A piece of work that returns whether it is done; it is known by its identity."""


class _Failing(NamedTuple):
    """A queue that does not answer: since when, when last (monotonic, in seconds), and what was said."""

    since: float
    until: float
    problem: str

    @property
    def is_lost(self) -> bool:
        return self.until - self.since >= UNAVAILABLE_S


class ReturnLot(Protocol):
    """Where the stories of paused batches wait."""

    async def existing(self, parkings: Iterable[Parking]) -> list[Parking]:
        """Return those that have a queue."""
        ...

    async def empty(self, parking: Parking) -> int:
        """Bring the stories back to the story queue; return how many."""
        ...

    async def close(self, parking: Parking) -> bool:
        """Delete the queue after the pause; return False if that has to be tried again."""
        ...


class Returning:
    """What this worker brings back, in tasks of its own.

    Parameters:
        laggards_s: seconds after the end of a pause after which parked stories are looked for again
    """

    def __init__(self, lot: ReturnLot, laggards_s: float = LAGGARDS_S) -> None:
        self._lot = lot
        self._laggards_s = laggards_s
        self._tasks = Tasks()
        self._working = 0
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._failing: dict[Work, _Failing] = {}
        self.unclosed: set[Parking] = set()

    @property
    def busy(self) -> bool:
        """Whether stories are being brought back now."""
        return self._working > 0

    @property
    def unavailable(self) -> str | None:
        """What is wrong with a queue that has not answered for minutes although its broker does."""
        lost = (f"{one.problem}; {LOST}" for one in self._failing.values() if one.is_lost)
        return next(lost, None)

    def look_at(self, parkings: Iterable[Parking]) -> None:
        """Bring back what was left behind by pauses that ended long ago."""
        wanted = list(parkings)
        if wanted:
            self.unclosed.update(wanted)
            self._tasks.spawn(self._end(wanted, only_existing=True))

    def end(self, parkings: Iterable[Parking]) -> None:
        """Bring back what a pause parked, later what laggards park after its end, and delete the queues."""
        wanted = list(parkings)
        self.unclosed.update(wanted)
        self._tasks.spawn(self._end(wanted))

    def bring_back(self, parkings: Iterable[Parking]) -> None:
        """Bring stories back although their batch is paused: those that still are will be parked again."""
        self._tasks.spawn(self._empty_all(list(parkings)))

    async def aclose(self) -> None:
        """Stop what is under way; what is not confirmed stays where it is."""
        await self._tasks.aclose()

    async def _end(self, parkings: list[Parking], *, only_existing: bool = False) -> None:
        if only_existing:
            found: list[Parking] = []

            async def look() -> bool:
                found.extend(await self._lot.existing(parkings))
                return True

            await self._until_done(look)
            self.unclosed.difference_update(parkings)
            self.unclosed.update(found)
            parkings = found
        await asyncio.gather(*map(self._end_one, parkings))

    async def _end_one(self, parking: Parking) -> None:
        await self._empty(parking)
        await asyncio.sleep(self._laggards_s)
        await self._until_done(partial(self._lot.close, parking))
        self.unclosed.discard(parking)

    async def _empty_all(self, parkings: list[Parking]) -> None:
        # Side by side: a queue that the broker cannot load must not keep back the stories of the others.
        await asyncio.gather(*map(self._empty, parkings))

    async def _empty(self, parking: Parking) -> None:
        await self._until_done(partial(self._empty_one, parking))

    async def _empty_one(self, parking: Parking) -> bool:
        if number := await self._lot.empty(parking):
            log.info("parked_stories_returned", batch_id=parking[0], stories=number)
        return True

    async def _until_done(self, work: Work) -> None:
        """Repeat a piece of work until it returns True, or until this user may not do it."""
        backoff = Backoff()
        self._working += 1
        try:
            while not await self._tried(work):
                await backoff.wait()
        finally:
            self._working -= 1
            self._answered(work)

    async def _tried(self, work: Work) -> bool:
        try:
            async with self._at_once:
                done = await work()
        except QueueUnavailableError as error:
            self._note_unavailable(work, str(error))
            return False
        except BrokerUnreachableError as error:
            log.info("parked_stories_delayed", error=str(error))
            done = False
        except CredentialsRefusedError as error:
            log.warning("parking_refused", error=str(error), hint=RIGHTS)
            done = True
        self._answered(work)
        return done

    def _note_unavailable(self, work: Work, problem: str) -> None:
        now = time.monotonic()
        before = self._failing.get(work)
        failing = self._failing[work] = _Failing(before.since if before else now, now, problem)
        if failing.is_lost:
            log.warning("parked_queue_lost", error=problem, hint=LOST)
        else:
            log.info("parked_stories_delayed", error=problem)

    def _answered(self, work: Work) -> None:
        self._failing.pop(work, None)
