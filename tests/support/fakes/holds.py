"""Pauses of a worker without a broker: a lot in memory, and the orders that it obeys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError
from gt_common.messages import StoryMessage, utc_now
from gt_common.messaging.control.notices import CancelNotice, HoldNotice, ReleaseNotice
from gt_consumer.worker.holds import HeldStories
from gt_consumer.worker.intake import Intake
from gt_consumer.worker.returning import Parking

NOW = utc_now()


def hold(batch_id: str | None = "b", revision: int = 1, at: datetime = NOW) -> HoldNotice:
    return HoldNotice(batch_id=batch_id, revision=revision, at=at, by="ann")


def release(batch_id: str | None = "b", revision: int = 2, at: datetime = NOW) -> ReleaseNotice:
    return ReleaseNotice(batch_id=batch_id, revision=revision, at=at, by="ann")


class FakeLot:
    """Queues in memory; a publish to one that does not exist is refused, as by the broker."""

    def __init__(self) -> None:
        self.queues: dict[Parking, list[StoryMessage]] = {}
        self.stories: list[StoryMessage] = []
        self.postponed: list[StoryMessage] = []
        self.emptied: Counter[Parking] = Counter()
        self.refused = False
        self.unreachable = 0

    async def park(self, story: StoryMessage, revision: int) -> bool:
        if self.refused:
            raise CredentialsRefusedError("no right")
        queue = self.queues.get((story.batch_id, revision))
        if queue is None:
            return False
        queue.append(story)
        return True

    async def make(self, parking: Parking) -> None:
        self.queues.setdefault(parking, [])

    async def existing(self, parkings: Iterable[Parking]) -> list[Parking]:
        return [parking for parking in parkings if parking in self.queues]

    async def empty(self, parking: Parking) -> int:
        if self.unreachable:
            self.unreachable -= 1
            raise BrokerUnreachableError("gone")
        found = self.queues.get(parking, [])
        self.stories += found
        self.emptied[parking] += 1
        if found:
            self.queues[parking] = []
        return len(found)

    async def close(self, parking: Parking) -> bool:
        await self.empty(parking)
        self.queues.pop(parking, None)
        return True

    async def requeue(self, story: StoryMessage) -> None:
        self.stories.append(story)

    async def postpone(self, story: StoryMessage) -> None:
        self.postponed.append(story)


class FakeSubscription:
    """A subscription that notes whether it is paused."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def pause(self) -> None:
        self.calls.append("pause")

    async def resume(self) -> None:
        self.calls.append("resume")


async def yes() -> bool:
    return True


async def begun(lot: FakeLot, *orders: HoldNotice | ReleaseNotice | CancelNotice) -> HeldStories:
    """Return the pauses of a worker that has read these orders at its start."""
    held = HeldStories(lot, yes, laggards_s=0.01)
    for order in orders:
        held.obey(order)
    await held.begin(Intake(FakeSubscription()))
    return held
