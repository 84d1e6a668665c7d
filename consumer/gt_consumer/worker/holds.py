"""Obeys the pauses that operators order: of the whole fleet, and of single batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Protocol

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError
from gt_common.log import get_logger
from gt_common.messages import StoryMessage, utc_now
from gt_common.messaging.control.holds import FLEET, Holds
from gt_common.messaging.control.notices import CancelNotice, ControlOrder, HoldNotice
from gt_common.messaging.tasks import Tasks
from gt_consumer.worker.intake import Intake
from gt_consumer.worker.returning import LAGGARDS_S, RIGHTS, Parking, Returning, ReturnLot

log = get_logger("worker")

_RECENT: Final = timedelta(minutes=10)
_REASON: Final = "fleet paused"


class Lot(ReturnLot, Protocol):
    """Where the stories of paused batches wait, and what else becomes of stories that must not start."""

    async def park(self, story: StoryMessage, revision: int) -> bool:
        """Put a story into the queue of a hold; return False if there is no such queue."""
        ...

    async def make(self, parking: Parking) -> None:
        """Make the queue of a hold."""
        ...

    async def requeue(self, story: StoryMessage) -> None:
        """Put a story back into the story queue, unchanged."""
        ...

    async def postpone(self, story: StoryMessage) -> None:
        """Put a story into a wait queue, unchanged."""
        ...


class HeldStories:
    """Keeps the stories of what is paused from starting.

    Parameters:
        read_on: waits until all orders are read that were given up to now; returns False if that was given up
        laggards_s: as in `Returning`
    """

    def __init__(
        self, lot: Lot, read_on: Callable[[], Awaitable[bool]], *, laggards_s: float = LAGGARDS_S
    ) -> None:
        self._lot = lot
        self._read_on = read_on
        self._holds = Holds()
        self._cancels: set[tuple[str, str, str]] = set()
        self._intake: Intake | None = None
        self._adjusting = Tasks()
        self._returning = Returning(lot, laggards_s)

    @property
    def fleet_held(self) -> bool:
        """Whether the whole fleet is paused."""
        return self._holds.held(FLEET) is not None

    @property
    def busy(self) -> bool:
        """Whether this worker is bringing parked stories back."""
        return self._returning.busy

    @property
    def unavailable(self) -> str | None:
        """What is wrong with a queue of parked stories that the broker cannot load."""
        return self._returning.unavailable

    def held(self, batch_id: str) -> bool:
        """Whether the stories of a batch must not start."""
        return self.fleet_held or self._holds.held(batch_id) is not None

    def parkings(self) -> list[Parking]:
        """Return where stories of batches are, or may still be, that are or were paused."""
        held = {(batch, revision) for batch, revision in self._holds.parked() if self._holds.held(batch)}
        return sorted(held | self._returning.unclosed)

    def obey(self, order: ControlOrder) -> None:
        """Take in an order; orders may come repeatedly. Called in the event loop, returns at once."""
        if isinstance(order, CancelNotice):
            self._note_cancel(order)
        elif self._holds.add(order):
            log.info(
                "pause_ordered" if isinstance(order, HoldNotice) else "resume_ordered",
                whole_fleet=order.batch_id is None,
                batch_id=order.batch_id,
                by=order.by,
                reason=order.reason,
            )
            if self._intake is not None:
                self._act(order.batch_id)

    async def begin(self, intake: Intake) -> None:
        """Act on the orders read so far, and from now on those that come.

        Parameters:
            intake: the subscription to stories, which may have begun already
        """
        self._intake = intake
        await self._adjust(intake)
        cancelled = {batch_id for batch_id, _, _ in self._cancels}
        long_over: list[Parking] = []
        for batch_id in self._holds.batches():
            order = self._holds.latest(batch_id)
            if isinstance(order, HoldNotice):
                if batch_id in cancelled:
                    self._returning.bring_back(self._of(batch_id))
            elif order is not None and utc_now() - order.at < _RECENT:
                self._returning.end(self._of(batch_id))
            else:
                long_over += self._of(batch_id)
        self._returning.look_at(long_over)

    async def set_aside(self, story: StoryMessage) -> bool:
        """Put a story of something that is paused elsewhere; when this returns True it may be acked.

        Neither an attempt nor a run is used up.

        Returns:
            False if it may start, because the pause has ended
        """
        while (hold := self._holds.held(story.batch_id)) is not None:
            if await self._parked(story, hold.revision):
                return True
            # A worker that deletes the queue has unbound it after the end of the pause was there to be read.
            if not await self._read_on():
                await self._lot.requeue(story)
                return True
        if not self.fleet_held:
            return False
        if self._intake is not None:
            await self._adjust(self._intake)
        await self._lot.requeue(story)
        log.info("story_returned")
        return True

    async def aclose(self) -> None:
        """Stop what is under way."""
        await self._adjusting.aclose()
        await self._returning.aclose()

    async def _parked(self, story: StoryMessage, revision: int) -> bool:
        """Park a story; return False if its queue had to be made first."""
        try:
            if await self._lot.park(story, revision):
                log.info("story_parked", revision=revision)
                return True
            await self._lot.make((story.batch_id, revision))
        except CredentialsRefusedError as error:
            log.warning("parking_refused", error=str(error), hint=RIGHTS)
            await self._lot.postpone(story)
            return True
        except BrokerUnreachableError as error:
            log.info("parking_delayed", error=str(error))
        return False

    def _note_cancel(self, order: CancelNotice) -> None:
        """Bring the stories of a paused batch back when some are cancelled, so that they can be dropped."""
        key = order.batch_id, order.at.isoformat(), order.by
        if key in self._cancels:
            return
        self._cancels.add(key)
        if self._intake is not None and self._holds.held(order.batch_id) is not None:
            self._returning.bring_back(self._of(order.batch_id))

    def _act(self, batch_id: str | None) -> None:
        if batch_id is not None:
            if self._holds.held(batch_id) is None:
                self._returning.end(self._of(batch_id))
        elif self._intake is not None:
            self._adjusting.spawn(self._adjust(self._intake))

    def _of(self, batch_id: str) -> list[Parking]:
        return [(batch_id, revision) for revision in self._holds.revisions(batch_id)]

    async def _adjust(self, intake: Intake) -> None:
        if self.fleet_held:
            await intake.pause(_REASON)
        else:
            await intake.resume(_REASON)
