"""Messages that cannot be read: among the dead letters, and among the results that were put aside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gt_common.errors import BrokerUnreachableError, MalformedMessageError, UsageError
from gt_common.messaging.browse import open_browser
from gt_common.messaging.dead_letters import REASON, known_headers, put_aside_event, read_dead_letter
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from gt_consumer.deadletters.selection import Selection

if TYPE_CHECKING:
    from gt_common.messages import StoryFailed


@dataclass(frozen=True)
class UnreadableMessage:
    """A message that cannot be read.

    Parameters:
        id: beginning of the SHA-256 of its body; equal messages have the same
        reason: why it was put aside, or else why it cannot be read
        at: when it was put aside
        headers: those that our programs set
        named: the story that it was about, if its headers or the rest of its body say so
    """

    id: str
    reason: str
    body: bytes
    at: datetime
    headers: dict[str, str | int]
    named: StoryFailed | None

    def matches(self, selection: Selection) -> bool:
        """Whether it is selected: by id or story, by batch, by a part of its reason, by time."""
        batch, story = (self.named.batch_id, self.named.story_id) if self.named else (None, None)
        return (
            selection.batch in {None, batch}
            and (not selection.stories or not selection.stories.isdisjoint({self.id, story}))
            and (selection.error is None or selection.error.casefold() in self.reason.casefold())
            and (selection.since is None or self.at >= selection.since)
        )


def check_selection(selection: Selection) -> Selection:
    """Return a selection that unreadable messages can meet.

    Raises:
        UsageError: it selects by stage or group
    """
    if selection.stage is not None or selection.group is not None:
        raise UsageError("--stage and --group select stories; an unreadable message has neither")
    return selection


def queue_of(settings: Settings, *, results: bool) -> str:
    """Return the queue of unreadable results, or that of dead letters."""
    names = Names(settings.namespace)
    return names.results_dlq if results else names.dlq


async def read_unreadable(
    settings: Settings, selection: Selection, limit: int | None, *, results: bool
) -> list[UnreadableMessage]:
    """Return the selected unreadable messages of a queue, oldest first; all stay in their places.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the queue cannot be read
    """
    found: list[UnreadableMessage] = []
    async with open_browser(settings, queue_of(settings, results=results), "gt-dlq list") as browser:
        async for delivery in browser.messages():
            if len(found) == limit:
                break
            found.extend(_selected(delivery, selection, results=results))
    return found


async def remove_unreadable(
    settings: Settings,
    selection: Selection,
    limit: int | None,
    on_removed: Callable[[UnreadableMessage], None],
    *,
    results: bool,
) -> None:
    """Remove the selected unreadable messages for good; all others keep their places.

    Parameters:
        on_removed: called after each message

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not removed
    """
    removed = 0
    async with open_browser(settings, queue_of(settings, results=results), "gt-dlq discard") as browser:
        async for delivery in browser.messages():
            if removed == limit:
                break
            for message in _selected(delivery, selection, results=results):
                if not await delivery.ack():
                    raise BrokerUnreachableError(
                        f"the connection to the broker was lost: message {message.id} may still be in the "
                        "queue, and the rest was not touched; run the command again"
                    )
                removed += 1
                on_removed(message)


def _selected(delivery: Delivery, selection: Selection, *, results: bool) -> Iterator[UnreadableMessage]:
    problem = "" if results else _problem(delivery)
    if problem is not None:
        given = delivery.headers.get(REASON)
        message = UnreadableMessage(
            id=hashlib.sha256(delivery.body).hexdigest()[:12],
            reason=given if isinstance(given, str) and given else problem or "no reason was recorded",
            body=delivery.body,
            at=delivery.died_at,
            headers=known_headers(delivery.headers),
            named=put_aside_event(delivery),
        )
        if message.matches(selection):
            yield message


def _problem(delivery: Delivery) -> str | None:
    """Return why a message is not a dead letter; None if it is one."""
    try:
        read_dead_letter(delivery)
    except MalformedMessageError as error:
        return str(error)
    return None
