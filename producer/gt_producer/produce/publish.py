"""Publish a batch: the opening events, the stories with a window of unconfirmed ones, the sealing event.

Every confirm is recorded in the journal.
"""

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
from gt_producer.produce.journal import Journal
from gt_producer.produce.journal_state import Header
from gt_producer.produce.plan import BatchPlan

WINDOW = 50
"""Maximum number of unconfirmed stories: the most that are published twice after a kill."""
PATIENCE_S = 30.0
"""How long to keep trying to publish one message."""

OnConfirmed = Callable[[int], None]
"""Called with the number of stories of the list that the broker has confirmed."""


class BatchPublisher(Protocol):
    """What publishing a batch needs; gt_common.messaging.publisher.Publisher provides it."""

    async def story(self, message: StoryMessage) -> None:
        """Publish a story; return once it is confirmed."""

    async def event(self, event: Event) -> None:
        """Publish a result event; return once it is confirmed."""


@dataclass(frozen=True)
class Publication:
    """How many stories were published now, and the plan they belong to."""

    plan: BatchPlan
    published: int


@asynccontextmanager
async def open_batch_publisher(settings: Settings) -> AsyncIterator[BatchPublisher]:
    """Check that the broker can accept a batch, and provide a publisher.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: it cannot
    """
    await topology.ensure(settings, Role.PRODUCER)
    async with open_publisher(settings, "gt-produce", patience=PATIENCE_S) as publisher:
        yield publisher


async def publish_batch(
    publisher: BatchPublisher,
    journal: Journal,
    header: Header,
    plan: BatchPlan,
    on_confirmed: OnConfirmed,
    on_listed: Callable[[], None] = lambda: None,
) -> Publication:
    """Publish what the journal does not have yet.

    Parameters:
        on_listed: called when the journal has the list, before anything is published

    Raises:
        PublishFailedError: the broker did not confirm in time; the journal has what was confirmed
        PublishedOnlyInPartError: the journal cannot be written after the first confirm
        OSError: the journal cannot be written; nothing was published
    """
    journal.begin(header)
    journal.list_stories(
        [(one.story_id, one.position) for one in plan.stories if one.story_id not in journal.state.positions]
    )
    on_listed()
    for event in plan.opening_events():
        await publisher.event(event)
    published = await _publish_stories(publisher, journal, plan, on_confirmed)
    if not plan.absent:
        await publisher.event(BatchSealed(batch_id=plan.batch_id))
        journal.seal()
    return Publication(plan, published)


async def _publish_stories(
    publisher: BatchPublisher, journal: Journal, plan: BatchPlan, on_confirmed: OnConfirmed
) -> int:
    remaining = plan.remaining
    queue = iter(remaining)
    before, done = plan.before, 0

    async def work() -> None:
        nonlocal done
        for placed in queue:  # shared by all tasks: each takes the next story
            await publisher.story(story_message(plan.batch_id, placed))
            journal.confirm(placed.story_id, placed.position)
            done += 1
            on_confirmed(before + done)

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
