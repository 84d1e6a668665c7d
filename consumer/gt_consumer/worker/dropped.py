"""The event by which a worker drops the message of a cancelled story: it carries the message."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from gt_common.messages import MAX_BODY, StoryCancelled, StoryMessage, encode
from gt_common.messaging.control.cancelled import Cancellation

_NAMESPACE: Final = uuid.UUID("0c0f4a57-6d3e-5b1e-9a55-1f0e8b7f3c21")


def dropped_event(
    letter: StoryMessage,
    order: Cancellation,
    keep_s: float,
    *,
    worker: str | None = None,
    started_at: datetime | None = None,
    cost: dict[str, int] | None = None,
) -> StoryCancelled:
    """Return the event of a story's cancel with its letter; time, operator and reason are the order's.

    A worker that is killed before the ack, and the one after it, publish the same event.

    Parameters:
        letter: the message that is dropped
        keep_s: seconds during which the story can be restored
        worker, started_at: of the run that ended with it; None for a message that was not run
        cost: what that run has spent, in millionths of the currency by provider
    """
    name = f"{letter.batch_id}\n{letter.story_id}\n{letter.generation}\n{letter.attempt}\n{letter.run}"
    event = StoryCancelled(
        **letter.identity(),
        event_id=uuid.uuid5(_NAMESPACE, f"{name}\n{order.at.isoformat()}\n{order.by}").hex,
        attempt=letter.attempt,
        run=letter.run,
        worker=worker,
        started_at=started_at,
        at=order.at,
        by=order.by,
        reason=order.reason,
        purge_at=order.at + timedelta(seconds=keep_s),
        letter=letter,
        cost=cost,
    )
    if len(encode(event)) <= MAX_BODY:
        return event
    # Of a message near the limit of size; without its errors it can be replayed all the same.
    return event.model_copy(update={"letter": letter.model_copy(update={"errors": ()})})
