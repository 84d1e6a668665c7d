"""Publish a batch: the opening events, the stories with a window of unconfirmed ones, the sealing event.

Every group of confirms is recorded in the journal.
"""

from __future__ import annotations

from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gt_common.batches import chunks_of_list, list_event, story_messages
from gt_common.messages import BatchSealed, BatchStories, StoryMessage
from gt_common.messaging import topology
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import Role
from gt_common.settings import Settings
from gt_producer.produce.journal import Journal
from gt_producer.produce.journal_state import Header
from gt_producer.produce.plan import BatchPlan

if TYPE_CHECKING:
    from gt_common.messages import Event
    from gt_common.messaging.bulk import Message
    from gt_common.tracing.tracer import Tracer

PATIENCE_S = 30.0
"""How long to wait for the next confirm, or to keep trying to publish one message."""

OnConfirmed = Callable[[str, int], None]
"""Called with what was confirmed, `announced` or `published`, and for how many stories of the list."""


class BatchPublisher(Protocol):
    """What publishing a batch needs; gt_common.messaging.publisher.Publisher provides it."""

    async def story(self, message: StoryMessage) -> None:
        """Publish a story; return once it is confirmed."""

    async def event(self, event: Event) -> None:
        """Publish a result event; return once it is confirmed."""

    def many(self, messages: Iterable[Message]) -> AsyncGenerator[list[Message], None]:
        """Publish messages with a window of unconfirmed ones; yield them when they are confirmed."""


@dataclass(frozen=True)
class Publication:
    """How many stories were published now, and the plan they belong to."""

    plan: BatchPlan
    published: int


@asynccontextmanager
async def open_batch_publisher(
    settings: Settings, *, ladder: bool, tracer: Tracer | None = None
) -> AsyncIterator[BatchPublisher]:
    """Check that the broker can accept a batch, and provide a publisher.

    Parameters:
        ladder: whether stories have start times
        tracer: makes the root of each story's trace

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: it cannot
    """
    await topology.ensure(settings, Role.PRODUCER, ladder=ladder)
    async with open_publisher(settings, "gt-produce", patience=PATIENCE_S) as publisher:
        if tracer is None:
            yield publisher
            return
        from gt_producer.produce.traces import TracedPublisher  # as rare as traces are

        yield TracedPublisher(publisher, tracer)


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
    if plan.schedule is not None:
        journal.record_schedule(header.fingerprint, plan.schedule)
    journal.list_stories(*_new_stories(plan, journal))
    on_listed()
    async with journal.syncing():
        await publisher.event(plan.opened())
        await _announce(publisher, journal, plan, on_confirmed)
        await _publish_stories(publisher, journal, plan, on_confirmed)
    if not plan.absent:
        await publisher.event(BatchSealed(batch_id=plan.batch_id))
        journal.seal()
    return Publication(plan, len(plan.remaining))


def _new_stories(plan: BatchPlan, journal: Journal) -> tuple[int, array[int]]:
    """Return the first position that the journal does not have yet, and the ids from there on."""
    last = journal.state.positions.last
    new = zip(plan.stories.positions, plan.stories.ids, strict=True)
    return last + 1, array("Q", (number for position, number in new if position > last))


async def _announce(
    publisher: BatchPublisher, journal: Journal, plan: BatchPlan, on_confirmed: OnConfirmed
) -> None:
    done = 0
    async with aclosing(publisher.many(_unannounced(journal, plan))) as groups:
        async for group in groups:
            for event in group:
                if isinstance(event, BatchStories):
                    journal.announce(entry.position for entry in event.stories)
                    done += len(event.stories)
            on_confirmed("announced", done)


def _unannounced(journal: Journal, plan: BatchPlan) -> Iterator[BatchStories]:
    """Yield the parts of the list that the broker has not confirmed; parts are the same each time."""
    if not journal.state.positions.taken().count_outside(journal.state.announced):
        return
    for chunk in chunks_of_list(plan.stories, plan.schedule):
        if not all(placed.position in journal.state.announced for placed in chunk):
            yield list_event(plan.batch_id, chunk, plan.schedule)


async def _publish_stories(
    publisher: BatchPublisher, journal: Journal, plan: BatchPlan, on_confirmed: OnConfirmed
) -> None:
    done = plan.before
    messages = story_messages(plan.batch_id, plan.remaining, plan.schedule)
    async with aclosing(publisher.many(messages)) as groups:
        async for group in groups:
            journal.confirm(message.position for message in group if isinstance(message, StoryMessage))
            done += len(group)
            on_confirmed("published", done)
