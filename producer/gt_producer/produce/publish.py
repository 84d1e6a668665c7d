"""Publishing a batch: opened, its list, its stories in a window, sealed; each confirm is journaled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from gt_common.batches import story_message
from gt_common.messages import BatchSealed, Event, StoryMessage
from gt_common.messaging import topology
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import Role
from gt_common.settings import Settings
from gt_producer.produce.journal import Header, Journal
from gt_producer.produce.plan import BatchPlan

WINDOW = 50
"""Stories published and not yet confirmed: as many as can come twice when the producer is killed."""
PATIENCE = 30.0
"""Seconds to go on trying to publish one message."""


class Outlet(Protocol):
    """Where messages go; what returns was confirmed."""

    async def story(self, message: StoryMessage) -> None:
        """Publish a story."""

    async def event(self, event: Event) -> None:
        """Publish a result event."""


@dataclass(frozen=True)
class Listeners:
    """Who is told how the publishing goes.

    Parameters:
        confirmed: how many stories of the list the broker has
    """

    confirmed: Callable[[int], None] = lambda _count: None


@dataclass(frozen=True)
class Publication:
    """What was published now, of which plan."""

    plan: BatchPlan
    published: int


@asynccontextmanager
async def ready_broker(settings: Settings) -> AsyncIterator[Outlet]:
    """Check that the broker can take a batch, and give the way in.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError
    """
    await topology.ensure(settings, Role.PRODUCER)
    async with open_publisher(settings, "gt-produce", patience=PATIENCE) as publisher:
        yield publisher


async def publish_batch(
    outlet: Outlet, journal: Journal, header: Header, plan: BatchPlan, listeners: Listeners
) -> Publication:
    """Publish what the journal does not have yet.

    Raises:
        PublishFailedError: the broker took something not in time; what was confirmed is in the journal
    """
    journal.begin(header)
    journal.list_stories(
        [(one.story_id, one.position) for one in plan.stories if one.story_id not in journal.state.positions]
    )
    for event in plan.announcement():
        await outlet.event(event)
    published = await _publish_stories(outlet, journal, plan, listeners)
    if not plan.absent:
        await outlet.event(BatchSealed(batch_id=plan.batch_id))
        journal.seal()
    return Publication(plan, published)


async def _publish_stories(outlet: Outlet, journal: Journal, plan: BatchPlan, listeners: Listeners) -> int:
    remaining = plan.remaining
    queue = iter(remaining)
    before, done = plan.before, 0

    async def work() -> None:
        nonlocal done
        for placed in queue:  # shared: each takes the next
            await outlet.story(story_message(plan.batch_id, placed))
            journal.confirm(placed.story_id, placed.position)
            done += 1
            listeners.confirmed(before + done)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(WINDOW, len(remaining))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    return done


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
