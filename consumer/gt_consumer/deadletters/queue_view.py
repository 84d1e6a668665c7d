"""The contents of the dead-letter queue itself."""

from __future__ import annotations

from dataclasses import dataclass

from gt_common.errors import MalformedMessageError, TopologyError
from gt_common.messages import StoryMessage
from gt_common.messaging.browse import browse
from gt_common.messaging.dead_letters import read_dead_letter
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.topology import inspect
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.deadletters.selection import died

EXCERPT = 200


@dataclass(frozen=True)
class Unreadable:
    """A message in the dead-letter queue that is not a story.

    Parameters:
        reason: why it was dead-lettered, or else why it cannot be read
        excerpt: the first 200 bytes of its body
        size: length of its body in bytes
    """

    reason: str
    excerpt: str
    size: int


@dataclass(frozen=True)
class HeldDelivery:
    """An unacknowledged delivery of the dead-letter queue and its decoded content."""

    delivery: Delivery
    content: StoryMessage | Unreadable


def read_delivery(delivery: Delivery) -> HeldDelivery:
    """Decode a delivery of the dead-letter queue."""
    try:
        return HeldDelivery(delivery, read_dead_letter(delivery))
    except MalformedMessageError as error:
        given = delivery.headers.get("gt-reason")
        reason = given if isinstance(given, str) and given else str(error)
        excerpt = delivery.body[:EXCERPT].decode("utf-8", "backslashreplace")
        return HeldDelivery(delivery, Unreadable(reason, excerpt, len(delivery.body)))


async def queued_letters(settings: Settings) -> tuple[list[StoryMessage], list[Unreadable]]:
    """Read the dead-letter queue: its letters, newest first, and the messages that are not stories.

    The messages keep their order; the broker counts one more delivery of each.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the queue cannot be read
    """
    async with browse(settings, Names(settings.namespace).dlq, "gt-dlq list") as deliveries:
        contents = [read_delivery(delivery).content for delivery in deliveries]
    letters = [content for content in contents if isinstance(content, StoryMessage)]
    letters.sort(key=died, reverse=True)
    return letters, [content for content in contents if isinstance(content, Unreadable)]


async def queue_depth(settings: Settings) -> int:
    """Return how many messages are ready in the dead-letter queue, without touching them.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the broker cannot be asked
        TopologyError: there is no such queue
    """
    name = Names(settings.namespace).dlq
    [queue] = await inspect(settings, [name])
    if queue.messages is None:
        raise TopologyError(f"the broker has no queue {name}; run `gt-topology declare`")
    return queue.messages


def difference(in_queue: int, in_ledger: int) -> str | None:
    """Return a note that queue and ledger differ, with the probable reason; None when they agree."""
    if in_queue == in_ledger:
        return None
    letters = plural(in_queue, "dead letter")
    text = f"the queue holds {letters}, the ledger {in_ledger}: is gt-aggregate running?"
    if in_queue > in_ledger:
        return f"{text} (`gt-dlq list --queue` shows the queue's contents)"
    return f"{text} (a replay in progress also makes the queue look shorter)"
