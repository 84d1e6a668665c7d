"""Sending dead letters back to work: publish, confirm, then remove. Killed, it sends twice, never loses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, LedgerUnreachableError
from gt_common.log import get_logger
from gt_common.messages import Replay, StoryEvent, StoryMessage, StoryRequeued, utc_now
from gt_common.messaging.consumer import browse
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.topology import Role, ensure
from gt_common.settings import Settings
from gt_consumer.deadletters import (
    Held,
    Selection,
    StoryKey,
    Unreadable,
    batches_of,
    read_delivery,
    stale_reason,
    standing_events,
)

log = get_logger("dlq")

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Step:
    """What was done with one dead letter.

    Parameters:
        action: `replayed`; `removed` without a replay, being a stale copy; `skipped`, it stays in the queue
        generation: that in which the story goes on, or that of the letter
        detail: why, unless it was replayed
    """

    action: Literal["replayed", "removed", "skipped"]
    batch_id: str | None
    story_id: str | None
    generation: int | None
    detail: str | None = None


@dataclass(frozen=True)
class Order:
    """What an operator wants replayed.

    Parameters:
        limit: letters to replay at most, the oldest first
        by: who, such as `user@host`
        reason: why; travels in the message
    """

    selection: Selection
    limit: int | None
    by: str
    reason: str | None


async def replay(settings: Settings, order: Order, tell: Callable[[Step], None]) -> None:
    """Replay what is ordered, in the queue's order; the rest returns to its place.

    A letter is removed only after its story was confirmed by the broker, or when the ledger says that this
    happened before. Nothing is lost wherever this is interrupted; what was being sent may be sent again.

    Parameters:
        tell: called after each letter

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not replayed
    """
    await ensure(settings, Role.DEAD_LETTERS)
    async with browse(settings, Names(settings.namespace).dlq, "gt-dlq replay") as deliveries:
        held = [read_delivery(delivery) for delivery in deliveries]
        batches = batches_of(held, order.selection)
        # Asked while the letters are held: nobody else can replay them in between.
        standing = await asyncio.to_thread(_ask_ledger, settings, batches) if batches else {}
        async with open_publisher(settings, "gt-dlq replay", PATIENCE_S) as publisher:
            await _go_through(held, order, standing, publisher, tell)


async def _go_through(
    held: list[Held],
    order: Order,
    standing: Mapping[StoryKey, StoryEvent],
    publisher: Publisher,
    tell: Callable[[Step], None],
) -> None:
    sent: dict[StoryKey, int] = {}
    replayed = 0
    for item in held:
        if order.limit is not None and replayed >= order.limit:
            return
        letter = item.content
        if isinstance(letter, Unreadable):
            if order.selection.everything:
                tell(Step("skipped", None, None, None, f"no story message: {letter.reason}"))
            continue
        if not order.selection.matches(letter):
            continue
        stale = stale_reason(letter, standing, sent)
        if stale is None:
            story = await _send(publisher, letter, order)
            sent[letter.batch_id, letter.story_id] = letter.generation
            replayed += 1
            step = Step("replayed", letter.batch_id, letter.story_id, story.generation)
        else:
            step = Step("removed", letter.batch_id, letter.story_id, letter.generation, stale)
        settled = await item.delivery.ack()
        tell(step)
        if not settled:
            raise BrokerUnreachableError(
                f"the connection to the dead-letter queue was lost: the letter of story {letter.story_id} "
                "still lies there, and the rest was not touched; run the command again"
            )


async def _send(publisher: Publisher, letter: StoryMessage, order: Order) -> StoryMessage:
    """Publish the story, then the event: an event without a story would make the letter look stale."""
    story = letter.replayed(Replay(at=utc_now(), by=order.by, reason=order.reason))
    await publisher.story(story)
    await publisher.event(
        StoryRequeued(
            batch_id=story.batch_id,
            story_id=story.story_id,
            position=story.position,
            url=story.url,
            generation=story.generation,
            by=order.by,
            reason=order.reason,
        )
    )
    return story


def _ask_ledger(settings: Settings, batches: set[str]) -> dict[StoryKey, StoryEvent]:
    try:
        return standing_events(settings, batches)
    except (LedgerUnreachableError, CredentialsRefusedError) as error:
        log.warning("replay_without_ledger", problem=str(error), effect="stale copies are replayed too")
        return {}
