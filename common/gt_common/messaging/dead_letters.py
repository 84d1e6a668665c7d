"""What a dead letter means to the ledger, whether a worker wrote it or the broker gave up on a story."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gt_common.failures import Failure
from gt_common.messages import AttemptError, StoryFailed, StoryMessage, decode_story, utc_now

if TYPE_CHECKING:  # gt-batch makes dead letters without a broker and loads none of its library
    from gt_common.messaging.consumer import Delivery

_NAMESPACE = uuid.UUID("b4e8f0c6-6c0d-5d69-8f43-0c4a2f0f7a11")


def is_dead_letter(delivery: Delivery) -> bool:
    """Tell whether a delivery of the ledger's queue came by way of the dead-letter exchange."""
    return delivery.died_of is not None or "gt-reason" in delivery.headers


def read_dead_letter(body: bytes, died_of: str | None) -> StoryMessage:
    """Read a dead letter; one that the broker dead-lettered gets the failure it has none of.

    Raises:
        MalformedMessageError: the body is no story message
    """
    story = decode_story(body)
    if story.died_at is not None:
        return story
    failure = Failure(
        type="BrokerGaveUp",
        message=f"the broker gave up on the story ({died_of or 'unknown reason'}): "
        "every worker that took it was lost before it could say how it went",
        retryable=True,
    )
    error = AttemptError(
        failure=failure, generation=story.generation, attempt=story.attempt, ended_at=utc_now()
    )
    return story.dead(error)


def failed_event(delivery: Delivery) -> StoryFailed:
    """Give the event that a dead letter stands for; the same letter always gives the same event id.

    Raises:
        MalformedMessageError: the body is no story message and the headers do not say whose it was
    """
    return failed_event_of(read_dead_letter(delivery.body, delivery.died_of))


def failed_event_of(letter: StoryMessage) -> StoryFailed:
    """Give the event of a dead letter.

    One that was restored is of a later generation than its last run: no run of that generation is told.
    """
    last = letter.errors[-1]
    ran = last.generation >= letter.generation
    key = f"{letter.batch_id}\n{letter.story_id}\n{letter.generation}\n{last.attempt}\n{letter.run}"
    started, ended = last.started_at, last.ended_at
    return StoryFailed(
        event_id=uuid.uuid5(_NAMESPACE, key).hex,
        batch_id=letter.batch_id,
        at=ended,
        story_id=letter.story_id,
        position=letter.position,
        url=letter.url,
        generation=letter.generation,
        attempt=last.attempt,
        run=letter.run,
        worker=last.worker,
        started_at=started if ran else None,
        failure=last.failure,
        letter=letter,
        project_id=last.project_id,
        duration_s=max(0.0, (ended - started).total_seconds()) if started else None,
    )


def known_headers(headers: Mapping[str, object]) -> dict[str, str | int]:
    """Give those of a message's headers that are ours; the broker's must not travel on."""
    ours = (item for item in headers.items() if item[0].startswith("gt-"))
    return {name: value for name, value in ours if isinstance(value, (str, int))}
