"""What a dead letter means to the ledger, whether a worker wrote it or the broker gave up on a story."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from gt_common.errors import MalformedMessageError
from gt_common.failures import Failure
from gt_common.messages import (
    MAX_ORDINAL,
    AttemptError,
    StoryFailed,
    StoryMessage,
    decode_story,
    utc_now,
)
from gt_common.messaging.names import CRASH_LIMIT

if TYPE_CHECKING:  # gt-batch makes dead letters without a broker and loads none of its library
    from gt_common.messaging.consumer import Delivery

MAX_HEADER = 200
DELIVERY_LIMIT = "delivery_limit"
"""The broker's word for a message that was delivered too often (`reason` in `x-death`)."""
_OURS = ("gt-batch-id", "gt-story-id", "gt-generation", "gt-attempt")
_NAMESPACE = uuid.UUID("b4e8f0c6-6c0d-5d69-8f43-0c4a2f0f7a11")


def is_dead_letter(delivery: Delivery) -> bool:
    """Tell whether a delivery of the ledger's queue came by way of the dead-letter exchange."""
    return delivery.died_of is not None or "gt-reason" in delivery.headers


def read_dead_letter(body: bytes, died_of: str | None) -> StoryMessage:
    """Read a dead letter; one that the broker dead-lettered gets the failure it has none of.

    At its delivery limit each delivery has cost an attempt, as the worker that took it has told the ledger.

    Raises:
        MalformedMessageError: the body is no story message
    """
    story = decode_story(body)
    if story.died_at is not None:
        return story
    if died_of == DELIVERY_LIMIT:
        story = story.charged(CRASH_LIMIT)
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
        **letter.identity(),
        event_id=uuid.uuid5(_NAMESPACE, key).hex,
        at=ended,
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
    ours = {name: headers.get(name) for name in _OURS}
    return {
        name: value[:MAX_HEADER] if isinstance(value, str) else value
        for name, value in ours.items()
        if isinstance(value, (str, int))
    }


def put_aside_event(
    body: bytes, headers: Mapping[str, object], problem: str | None = None
) -> StoryFailed | None:
    """Give the event of a story message that a worker put aside; None when nothing says whose story it was.

    Its body cannot be read, so this is the one place where headers are. The same message gives the same id.

    Parameters:
        problem: what is wrong with it, if it is not what the worker's header says
    """
    reason = problem or headers.get("gt-reason")
    failure = Failure(
        type="MalformedMessage",
        message=_printable(reason) if isinstance(reason, str) and reason else "the message could not be read",
        retryable=False,
    )
    try:
        story = decode_story(body)
    except MalformedMessageError:
        return _event_by_headers(body, headers, failure)
    error = AttemptError(
        failure=failure, generation=story.generation, attempt=story.attempt, ended_at=utc_now()
    )
    return failed_event_of(story.dead(error))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _event_by_headers(body: bytes, headers: Mapping[str, object], failure: Failure) -> StoryFailed | None:
    batch_id, story_id = headers.get("gt-batch-id"), headers.get("gt-story-id")
    generation, attempt = headers.get("gt-generation"), headers.get("gt-attempt", 1)
    key = b"\n".join((str((batch_id, story_id, generation, attempt)).encode("utf-8", "replace"), body))
    fields = {
        "event_id": uuid.uuid5(_NAMESPACE, hashlib.sha256(key).hexdigest()).hex,
        "batch_id": batch_id,
        "story_id": story_id,
        # Any list or other event of the story says better where it stands: of two the lesser is taken.
        "position": MAX_ORDINAL,
        "url": f"unknown:{story_id}",
        "generation": generation,
        "attempt": attempt,
        "failure": failure,
    }
    try:
        return StoryFailed.model_validate(fields, strict=True)
    except ValidationError:
        return None
