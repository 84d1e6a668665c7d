"""Sending dead letters back to work: publish, confirm, then remove. Killed, it sends twice, never loses."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from gt_common.batches import ROOM_FOR_ERRORS
from gt_common.messages import MAX_BODY, Replay, StoryMessage, StoryRequeued, encode, utc_now
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.topology import Role, ensure
from gt_common.settings import Settings
from gt_consumer.deadletters.canary import Canary, ledger_look
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.orders import Order, Step, make_replay, skipped
from gt_consumer.deadletters.sweep import Deed, Handling, Tell

PATIENCE_S = 30.0
COMMAND = "gt-dlq replay"


async def replay(
    settings: Settings, order: Order, tell: Tell, remark: Callable[[str], None] = lambda _: None
) -> None:
    """Replay what is ordered, in the queue's order; the rest returns to its place.

    Parameters:
        tell: called after each letter
        remark: called with what the operator should know meanwhile

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not replayed
        LedgerUnreachableError: a canary needs the ledger
        StoppedByRuleError: a story of the canary failed again
    """
    await ensure(settings, Role.DEAD_LETTERS)
    with ExitStack() as stack:
        canary = None
        if order.canary is not None:
            canary = Canary(order.canary, stack.enter_context(ledger_look(settings)), remark)
        async with open_publisher(settings, COMMAND, PATIENCE_S) as publisher:

            async def act(letter: StoryMessage) -> Step:
                return await _send(publisher, letter, order)

            deed = Deed(COMMAND, act, all_runs=True)
            await Handling(settings, order, deed, Gate(order.rate, canary), tell).run()


async def _send(publisher: Publisher, letter: StoryMessage, order: Order) -> Step:
    """Publish the story, then the event: an event without a story would make the letter look stale."""
    replay = make_replay(letter, order, Replay(at=utc_now(), by=order.by, reason=order.reason))
    story = letter.replayed(replay)
    if len(encode(story)) > MAX_BODY - ROOM_FOR_ERRORS:
        return skipped(letter, "with these options its message would be too large")
    await publisher.story(story)
    await publisher.event(
        StoryRequeued(
            **story.identity(),
            by=order.by,
            reason=order.reason,
        )
    )
    return Step("replayed", story.batch_id, story.story_id, story.generation)
