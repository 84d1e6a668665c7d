"""What lies in the dead-letter queue itself."""

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
    """A body in the dead-letter queue that is no story message.

    Parameters:
        reason: why it was put aside, else why it cannot be read
        excerpt: its first 200 bytes
        size: bytes
    """

    reason: str
    excerpt: str
    size: int


@dataclass(frozen=True)
class Held:
    """A delivery of the dead-letter queue and what it is."""

    delivery: Delivery
    content: StoryMessage | Unreadable


def read_delivery(delivery: Delivery) -> Held:
    """Tell what a delivery of the dead-letter queue is."""
    try:
        return Held(delivery, read_dead_letter(delivery))
    except MalformedMessageError as error:
        given = delivery.headers.get("gt-reason")
        reason = given if isinstance(given, str) and given else str(error)
        excerpt = delivery.body[:EXCERPT].decode("utf-8", "backslashreplace")
        return Held(delivery, Unreadable(reason, excerpt, len(delivery.body)))


async def queued_letters(settings: Settings) -> tuple[list[StoryMessage], list[Unreadable]]:
    """Look into the dead-letter queue itself: its letters, newest first, and what is no story.

    Everything returns in its order; the broker counts one more delivery of each message.
    """
    async with browse(settings, Names(settings.namespace).dlq, "gt-dlq list") as deliveries:
        contents = [read_delivery(delivery).content for delivery in deliveries]
    letters = [content for content in contents if isinstance(content, StoryMessage)]
    letters.sort(key=died, reverse=True)
    return letters, [content for content in contents if isinstance(content, Unreadable)]


async def queue_depth(settings: Settings) -> int:
    """Give how many messages are ready in the dead-letter queue, without touching them.

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
    """Say that the queue and the ledger differ, and what that may mean; None when they agree."""
    if in_queue == in_ledger:
        return None
    letters = plural(in_queue, "dead letter")
    text = f"the queue holds {letters}, the ledger knows {in_ledger}: is gt-aggregate running?"
    if in_queue > in_ledger:
        return f"{text} (`gt-dlq list --queue` shows what lies in the queue)"
    return f"{text} (a replay at this moment also makes the queue look shorter)"
