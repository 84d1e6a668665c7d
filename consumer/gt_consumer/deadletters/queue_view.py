"""The contents of the dead-letter queue itself."""

from __future__ import annotations

from dataclasses import dataclass

from gt_common.errors import CredentialsRefusedError, MalformedMessageError
from gt_common.messages import StoryMessage
from gt_common.messaging.browse import open_browser, ready_messages
from gt_common.messaging.connection import connect
from gt_common.messaging.dead_letters import read_dead_letter
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.lookup import Lookup
from gt_common.messaging.names import Names
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


@dataclass(frozen=True, eq=False)
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


@dataclass(frozen=True)
class QueueState:
    """What can be said about the dead-letter queue without touching it.

    Parameters:
        depth: number of messages that are ready
        held: whether another command reads it, so that it may hold more
        unstored: number of events that wait for gt-aggregate; None if this user may not see them
        aggregating: whether gt-aggregate is running
    """

    depth: int
    held: bool = False
    unstored: int | None = 0
    aggregating: bool = True


async def queued_letters(settings: Settings) -> tuple[list[StoryMessage], list[Unreadable]]:
    """Read the dead-letter queue: its letters, newest first, and the messages that are not stories.

    The messages keep their order; the broker counts one more delivery of each.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the queue cannot be read
    """
    async with open_browser(settings, Names(settings.namespace).dlq, "gt-dlq list") as browser:
        contents = [read_delivery(delivery).content async for delivery in browser.messages()]
    letters = [content for content in contents if isinstance(content, StoryMessage)]
    letters.sort(key=died, reverse=True)
    return letters, [content for content in contents if isinstance(content, Unreadable)]


async def queue_state(settings: Settings) -> QueueState:
    """Return the state of the dead-letter queue, without touching its messages.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the broker cannot be asked
        TopologyError: there is no such queue
    """
    names = Names(settings.namespace)
    async with connect(settings, "gt-dlq") as connection:
        lookup = Lookup(connection)
        letters = await lookup.queue(names.dlq)
        depth = await ready_messages(connection, names.dlq)
        try:
            events = await lookup.queue(names.ledger_queue)
        except CredentialsRefusedError:
            return QueueState(depth, bool(letters.consumers), None)
    return QueueState(depth, bool(letters.consumers), events.messages or 0, bool(events.consumers))


def difference(queue: QueueState, in_ledger: int) -> str | None:
    """Return a note that queue and ledger differ, with the reason; None when they agree."""
    if queue.depth == in_ledger:
        return None
    text = f"the queue holds {plural(queue.depth, 'dead letter')}, the ledger {in_ledger}"
    if queue.unstored:
        why = f"{plural(queue.unstored, 'event')} not stored yet"
        return f"{text}: {why}" + ("" if queue.aggregating else "; start gt-aggregate")
    if queue.depth > in_ledger:
        kinds = "second copies, or messages that cannot be read"
        return f"{text}: {kinds} (see `gt-dlq list --unreadable` and `--queue`)"
    if queue.held:
        return f"{text}: another gt-dlq command holds letters now"
    lost = plural(in_ledger - queue.depth, "letter")
    maybe = "" if queue.unstored is not None else ", or gt-aggregate has not stored their replay"
    return (
        f"{text}: the queue has lost {lost} (purged, expired, or dropped by a policy{maybe}); "
        "`gt-dlq replay --from-ledger` replays the ledger's copies"
    )
