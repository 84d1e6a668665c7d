"""Replay: publish a dead letter's story, wait for the confirm, then remove the letter.

A replay that is killed may send a story twice, but never loses one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from gt_common.batches import ROOM_FOR_ERRORS
from gt_common.messages import MAX_BODY, Replay, StoryMessage, StoryRequeued, encode, utc_now
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.topology import Role, ensure
from gt_common.settings import Settings
from gt_common.tracing.attributes import attributes_of
from gt_common.tracing.context import carrying, handled
from gt_common.tracing.opening import tracing
from gt_consumer.deadletters.canary import Canary, ledger_look
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.orders import Order, Step, make_replay, skipped
from gt_consumer.deadletters.stale import why_cancelled
from gt_consumer.deadletters.sweep import LetterAction, OnLook, OnStep, Sweep

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer

PATIENCE_S = 30.0
COMMAND = "gt-dlq replay"


async def replay(
    settings: Settings,
    order: Order,
    on_step: OnStep,
    remark: Callable[[str], None] = lambda _: None,
    on_look: OnLook = lambda _looked, _depth: None,
) -> None:
    """Replay the selected letters in the queue's order; the others keep their places.

    Parameters:
        on_step: called after each letter
        remark: prints a line for the operator
        on_look: called for each group of messages that was read

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not replayed
        LedgerUnreachableError: a canary cannot read the ledger
        StoppedByRuleError: a story of the canary failed again
    """
    await ensure(settings, Role.DEAD_LETTERS)
    with ExitStack() as stack:
        tracer = stack.enter_context(tracing(settings, "gt-dlq"))
        canary = None
        if order.canary is not None:
            canary = Canary(order.canary, stack.enter_context(ledger_look(settings, remark)), remark)
        async with open_publisher(settings, COMMAND, PATIENCE_S) as publisher:

            async def send(letter: StoryMessage) -> Step:
                return await _send(publisher, letter, order, tracer)

            action = LetterAction(COMMAND, send, all_runs=True, refusal=why_cancelled)
            await Sweep(settings, order, action, Gate(order.rate, canary), on_step, on_look).run()


async def _send(publisher: Publisher, letter: StoryMessage, order: Order, tracer: Tracer | None) -> Step:
    """Publish the story, then the event: an event without a story would make the letter look stale."""
    replay = make_replay(letter, order, Replay(at=utc_now(), by=order.by, reason=order.reason))
    story = letter.replayed(replay, fresh=order.fresh)
    if len(encode(story)) > MAX_BODY - ROOM_FOR_ERRORS:
        return skipped(letter, "its message would be too large with these options")
    with _replay_span(story, order, tracer):
        await publisher.story(story)
        await publisher.event(StoryRequeued(**story.identity(), by=order.by, reason=order.reason))
    return Step("replayed", story.batch_id, story.story_id, story.generation)


@contextmanager
def _replay_span(story: StoryMessage, order: Order, tracer: Tracer | None) -> Iterator[None]:
    """Make the root of the trace of a replay, linked to what made the dead letter; messages carry it."""
    if tracer is None:
        yield
        return
    earlier = handled()
    attributes = attributes_of(story) | {"gt.by": order.by}
    span = tracer.start("replay", None, attributes, kind="producer", links=[earlier] if earlier else [])
    try:
        with carrying(span.traceparent):
            yield
    finally:
        span.end()
