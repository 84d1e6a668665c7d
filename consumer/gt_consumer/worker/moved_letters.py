"""Dead letters that somebody moved to the story queue by hand, with a shovel or the management page."""

from __future__ import annotations

import asyncio

from gt_common.batches import ROOM_FOR_ERRORS
from gt_common.log import get_logger
from gt_common.messages import MAX_BODY, Replay, StoryRequeued, encode, utc_now
from gt_common.messaging.dead_letters import read_dead_letter
from gt_common.settings import Settings
from gt_consumer.worker.dropped import dropped_event
from gt_consumer.worker.orders import Orders
from gt_consumer.worker.ports import Delivery, WorkerPublisher

log = get_logger("worker")

BY = "moved by hand"
WHY = "the dead letter was moved to the story queue without gt-dlq"


async def replay_moved_letter(
    delivery: Delivery, publisher: WorkerPublisher, orders: Orders, settings: Settings, stop: asyncio.Event
) -> None:
    """Replay a dead letter that was found in the story queue, as the next generation; then ack it.

    One whose story was cancelled in its generation is dropped, as any message of it.

    Published as a new message, without the headers of the old one: RabbitMQ 3.10 trusts a copied `x-death`
    and would drop the story at its next retry. As in gt-dlq, the event follows the confirmed story. A letter
    that is too large for the errors of further attempts goes back to the dead-letter queue.

    Parameters:
        stop: set when the worker stops
    """
    letter = read_dead_letter(delivery)
    await orders.wait_known(stop)
    if (order := orders.cancellation(letter)) is not None:
        log.info("moved_letter_dropped", by=order.by, reason=order.reason)
        await publisher.event(dropped_event(letter, order, settings.discard_keep))
        await delivery.ack()
        return
    story = letter.replayed(Replay(at=utc_now(), by=BY, reason=WHY))
    if not orders.known:
        log.warning(
            "moved_letter_returned", error="the worker stops and does not know whether it is cancelled"
        )
        await publisher.dead_letter(letter)
    elif len(encode(story)) > MAX_BODY - ROOM_FOR_ERRORS:
        log.warning("moved_letter_returned", error="its message is too large to be tried again")
        await publisher.dead_letter(letter)
    else:
        log.warning("moved_letter_replayed", generation=story.generation)
        await publisher.story(story)
        await publisher.event(StoryRequeued(**story.identity(), by=BY, reason=WHY))
    await delivery.ack()
