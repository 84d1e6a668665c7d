"""The queues of paused batches on the broker, as a worker uses them."""

from __future__ import annotations

from collections.abc import Iterable

from gt_common.messages import StoryMessage
from gt_common.messaging.names import Names
from gt_common.messaging.parking import close_parking, empty_parking, find_parking, make_parking
from gt_common.messaging.publisher import Publisher
from gt_common.settings import Settings
from gt_consumer.worker.returning import Parking


class ParkingLot:
    """Parks stories and brings them back; for the methods see `gt_consumer.worker.holds.Lot`."""

    def __init__(self, settings: Settings, publisher: Publisher) -> None:
        self._settings = settings
        self._publisher = publisher
        self._names = Names(settings.namespace)

    async def park(self, story: StoryMessage, revision: int) -> bool:
        """Put a story into the queue of a hold; return False if there is no such queue."""
        return await self._publisher.park(story, revision)

    async def make(self, parking: Parking) -> None:
        """Make the queue of a hold."""
        await make_parking(self._settings, *parking)

    async def existing(self, parkings: Iterable[Parking]) -> list[Parking]:
        """Return those that have a queue."""
        of_queue = {self._names.parked_queue(*parking): parking for parking in parkings}
        return [of_queue[info.name] for info in await find_parking(self._settings, of_queue.values())]

    async def empty(self, parking: Parking) -> int:
        """Bring the stories back to the story queue; return how many."""
        return await empty_parking(self._settings, self._names.parked_queue(*parking), self._publisher)

    async def close(self, parking: Parking) -> bool:
        """Delete the queue after the pause; return False if that has to be tried again."""
        return await close_parking(self._settings, *parking, self._publisher)

    async def requeue(self, story: StoryMessage) -> None:
        """Put a story back into the story queue, unchanged."""
        await self._publisher.story(story)

    async def postpone(self, story: StoryMessage) -> None:
        """Put a story into a wait queue, unchanged."""
        await self._publisher.retry(story, self._settings.delay_before(2))
