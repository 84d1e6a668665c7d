"""Queues in which the stories of paused batches wait: made when needed, emptied and deleted afterwards.

Each hold of a batch has a queue of its own (docs/decisions/0054-parking-the-stories-of-a-paused-batch.md).
Queues of other stories are never searched for those of one batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from gt_common.errors import MalformedMessageError, TopologyError
from gt_common.log import get_logger, log_context
from gt_common.messages import StoryMessage, decode_story, header_log_keys, log_keys
from gt_common.messaging.browse import open_browser
from gt_common.messaging.connection import connect, plain_errors
from gt_common.messaging.dead_letters import known_headers
from gt_common.messaging.delivery import Delivery, ack_together
from gt_common.messaging.lookup import Lookup, QueueInfo
from gt_common.messaging.names import STORY_KEY, Names
from gt_common.messaging.pipeline import Headers
from gt_common.messaging.specs import NEVER_REACHED, quorum
from gt_common.settings import Settings
from gt_common.tracing.context import carrying, traceparent_of

log = get_logger("messaging")

_AT_ONCE: Final = 100
"""Stories that are brought back together, and acked by one ack.

A channel of RabbitMQ sends a quorum queue at most 32 acks ahead of its answers and keeps the rest; those are
lost if the connection is closed then, and their stories come twice (seen with 3.10.8).
"""
_NOTED_S: Final = 3.0
"""How long a broker may take to write the name of a new quorum queue to its disk, in seconds.

RabbitMQ 3.10.8 that is killed within a second of the declaration has forgotten the queue's directory when it
starts again: the queue is empty, confirmed messages included (findings/new-queue-forgotten.sh).
"""
_ROUTED_S: Final = 2.0
"""How long a message that was published before an unbinding may take to its queue, in seconds."""
_LOOKS: Final = 12
_BELIEVED: Final = 3
_BETWEEN_LOOKS_S: Final = 0.5


class ReturnPublisher(Protocol):
    """The part of a publisher that brings stories back."""

    async def story(self, message: StoryMessage) -> None: ...

    async def malformed(self, body: bytes, reason: str, key: str, headers: Headers | None = None) -> None: ...


async def make_parking(settings: Settings, batch_id: str, revision: int) -> None:
    """Declare the queue of a hold and bind it some seconds later; nothing changes if it exists.

    Nothing is published to it before the broker has it on its disk, even if another worker declared it just
    now or was killed between the two steps.

    Raises:
        CredentialsRefusedError: this user may not declare it
        BrokerUnreachableError: the broker does not answer
    """
    names = Names(settings.namespace)
    queue = names.parked_queue(batch_id, revision)
    async with connect(settings, "gt parking") as connection:
        with plain_errors(f"make the queue {queue}"):
            channel = await connection.channel()
            made = await channel.declare_queue(queue, durable=True, arguments=dict(quorum(NEVER_REACHED)))
            await asyncio.sleep(_NOTED_S)
            await made.bind(names.parked, names.parked_key(batch_id, revision))


async def find_parking(settings: Settings, holds: Iterable[tuple[str, int]]) -> list[QueueInfo]:
    """Return the queues that exist for some holds, each given by batch and revision.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the broker cannot be asked
    """
    names = Names(settings.namespace)
    async with connect(settings, "gt parking") as connection:
        lookup = Lookup(connection)
        found = [await lookup.queue(names.parked_queue(*hold)) for hold in holds]
    return [info for info in found if info.messages is not None]


async def empty_parking(settings: Settings, queue: str, publisher: ReturnPublisher) -> int:
    """Bring the stories of a queue back to the story queue; return how many.

    Each is published as a new message and confirmed before it leaves the queue: killed in between, this sends
    it twice and loses nothing. Several workers may do it at the same time.

    Returns:
        0 also if there is no such queue, which another worker may have deleted

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: it cannot be read
    """
    number = 0
    try:
        async with open_browser(settings, queue, "gt parking") as browser:
            async for group in browser.groups(_AT_ONCE):
                await _return(group, publisher)
                number += len(group)
    except TopologyError:
        log.debug("parking_missed", queue=queue)
    return number


async def close_parking(settings: Settings, batch_id: str, revision: int, publisher: ReturnPublisher) -> bool:
    """Delete the queue of a hold that is over, if there is one.

    Returns:
        False if another worker is still emptying it

    Nothing can be lost. Once it is unbound a publish to it fails, and a worker that binds it again reads all
    orders after that, the end of this hold among them. What came before is brought back.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: it cannot be read or deleted
    """
    names = Names(settings.namespace)
    queue = names.parked_queue(batch_id, revision)
    async with connect(settings, "gt parking") as connection:
        lookup = Lookup(connection)
        if (await lookup.queue(queue)).messages is None:
            return True
        with plain_errors(f"unbind the queue {queue}"):
            channel = await connection.channel()
            old = await channel.get_queue(queue, ensure=False)
            await old.unbind(names.parked, names.parked_key(batch_id, revision))
        await asyncio.sleep(_ROUTED_S)
        await empty_parking(settings, queue, publisher)
        if not await _is_unused(lookup, queue):
            return False
        with plain_errors(f"delete the queue {queue}"):
            await (await lookup.channel()).queue_delete(queue)
    return True


async def _is_unused(lookup: Lookup, queue: str) -> bool:
    """Whether a queue has neither messages nor consumers; those of a closed connection leave after a moment.

    RabbitMQ 3.10 reports 0 if the queue does not answer it at once, so a single 0 means nothing.
    """
    unused = 0
    for _ in range(_LOOKS):
        info = await lookup.queue(queue)
        unused = 0 if info.messages or info.consumers else unused + 1
        if unused == _BELIEVED:
            return True
        await asyncio.sleep(_BETWEEN_LOOKS_S)
    return False


async def _return(group: Sequence[Delivery], publisher: ReturnPublisher) -> None:
    """Publish stories, and ack those that the broker has confirmed."""
    outcomes = await asyncio.gather(
        *(_publish(delivery, publisher) for delivery in group), return_exceptions=True
    )
    failures = [outcome for outcome in outcomes if outcome is not None]
    if not failures:
        await ack_together(group)
        return
    for delivery, outcome in zip(group, outcomes, strict=True):
        if outcome is None:
            await delivery.ack()
    raise failures[0]


async def _publish(delivery: Delivery, publisher: ReturnPublisher) -> None:
    try:
        story = decode_story(delivery.body)
    except MalformedMessageError as error:
        with log_context(header_log_keys(delivery.headers)):
            log.warning("story_rejected", error=str(error), bytes=len(delivery.body))
        await publisher.malformed(delivery.body, str(error), STORY_KEY, known_headers(delivery.headers))
    else:
        with log_context(log_keys(story)), carrying(traceparent_of(delivery.headers)):
            await publisher.story(story)
