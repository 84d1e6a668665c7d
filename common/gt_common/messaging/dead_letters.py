"""Turns dead letters into events for the ledger, whether a worker or the broker dead-lettered the story."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from gt_common import messages
from gt_common.errors import MalformedMessageError
from gt_common.failures import UNREADABLE, Failure
from gt_common.messages import (
    MAX_ORDINAL,
    AttemptError,
    StoryMessage,
    decode_story,
)
from gt_common.messaging.names import CRASH_LIMIT, is_story_queue
from gt_common.messaging.salvage import salvage

if TYPE_CHECKING:
    from gt_common.messages import StoryFailed

MAX_HEADER = 200
REASON = "gt-reason"
"""Header with the reason why a worker rejected a message, or the error type of its dead letter."""
DELIVERY_LIMIT = "delivery_limit"
"""The broker's `reason` in `x-death` for a message that was delivered too often."""
_BROKER_DEATHS = {
    DELIVERY_LIMIT: (
        "BrokerGaveUp",
        "the broker gave up on it: every worker that received it was lost before it could report a result",
    ),
    "expired": (
        "StoryExpired",
        "it expired in its queue before a worker took it: a policy, the queue or the message sets a TTL",
    ),
    "maxlen": (
        "QueueLimitReached",
        "the broker dropped it because its queue was full: a policy or the queue sets a maximum length",
    ),
    "rejected": (
        "StoryRejected",
        "a consumer rejected it; it was not gt-consume, which never rejects a message",
    ),
}
"""Error type and message for each `reason` of the broker; "it" is the story."""
_OURS = ("gt-batch-id", "gt-story-id", "gt-generation", "gt-attempt")
_NAMESPACE = uuid.UUID("b4e8f0c6-6c0d-5d69-8f43-0c4a2f0f7a11")


class Dead(Protocol):
    """A dead-lettered message; gt_common.messaging.delivery.Delivery is one.

    Parameters:
        died_of: why the broker itself dead-lettered it, if it did
        died_at: when it was dead-lettered, according to the broker or its publisher
    """

    @property
    def body(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, object]: ...

    @property
    def died_of(self) -> str | None: ...

    @property
    def died_at(self) -> datetime: ...


def deaths(headers: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the broker's records of why it dead-lettered a message, the latest first."""
    found = headers.get("x-death")
    return [death for death in found if isinstance(death, dict)] if isinstance(found, list) else []


def was_dead_letter(story: StoryMessage, headers: Mapping[str, object]) -> bool:
    """Whether a message in the story queue is a dead letter that somebody moved there by hand.

    The body shows it if a worker made the letter, the header `gt-reason` if a worker rejected the message,
    and the broker's own record if the broker dead-lettered it. Nothing that is published to the story queue
    has any of them, and a story that comes from a wait queue has only that queue's record.
    """
    moved = any(is_story_queue(death.get("queue")) for death in deaths(headers))
    return story.died_at is not None or REASON in headers or moved


def read_dead_letter(dead: Dead) -> StoryMessage:
    """Decode a dead letter; add a failure if a worker rejected the message or the broker dead-lettered it.

    Lost workers may have reported later attempts than the message knows. The letter counts as later than all
    of them; at the delivery limit each delivery has really used up an attempt.

    Raises:
        MalformedMessageError: the body is not a story message
    """
    story = decode_story(dead.body)
    if story.died_at is not None:
        return story
    if dead.died_of is None:
        return _died(story, _why_put_aside(dead.headers), dead.died_at)
    last = story.charged(CRASH_LIMIT)
    letter = _died(last if dead.died_of == DELIVERY_LIMIT else story, _why_dead(dead.died_of), dead.died_at)
    return letter.model_copy(update={"attempt": last.attempt})


def failed_event_of(letter: StoryMessage) -> StoryFailed:
    """Return the event for a dead letter.

    A restored letter has a later generation than its last run, so the event has no start time.
    """
    last = letter.errors[-1]
    ran = last.generation >= letter.generation
    key = f"{letter.batch_id}\n{letter.story_id}\n{letter.generation}\n{letter.attempt}\n{letter.run}"
    started, ended = last.started_at, last.ended_at
    return messages.StoryFailed(
        **letter.identity(),
        event_id=uuid.uuid5(_NAMESPACE, key).hex,
        at=ended,
        attempt=letter.attempt,
        run=letter.run,
        worker=last.worker,
        started_at=started if ran else None,
        failure=last.failure,
        letter=letter,
        project_id=last.project_id,
        duration_s=max(0.0, (ended - started).total_seconds()) if started else None,
    )


def known_headers(headers: Mapping[str, object]) -> dict[str, str | int]:
    """Return the `gt-` headers of a message; the broker's own must not be published again."""
    ours = {name: headers.get(name) for name in _OURS}
    return {
        name: value[:MAX_HEADER] if isinstance(value, str) else value
        for name, value in ours.items()
        if isinstance(value, (str, int))
    }


def put_aside_event(dead: Dead, problem: str | None = None) -> StoryFailed | None:
    """Return the event for a story message that a worker rejected; None if nothing names its story.

    If the body cannot be read, the headers are used, or what is left of the body; the same message always has
    the same event id.

    Parameters:
        problem: what is wrong with it, instead of the reason in the worker's header
    """
    failure = _why_put_aside(dead.headers, problem)
    try:
        story = decode_story(dead.body)
    except MalformedMessageError:
        return _event_by_what_is_left(dead, failure)
    return failed_event_of(_died(story, failure, dead.died_at))


def _died(story: StoryMessage, failure: Failure, when: datetime) -> StoryMessage:
    return story.dead(
        AttemptError(failure=failure, generation=story.generation, attempt=story.attempt, ended_at=when)
    )


def _why_dead(reason: str) -> Failure:
    kind, message = _BROKER_DEATHS.get(
        reason, ("DeadLetteredByBroker", "the broker dead-lettered it for a reason of its own")
    )
    return Failure(
        type=kind, message=f"{message} (reason: {_printable(reason)[:MAX_HEADER]})", retryable=True
    )


def _why_put_aside(headers: Mapping[str, object], problem: str | None = None) -> Failure:
    reason = problem or headers.get(REASON)
    return Failure(
        type=UNREADABLE,
        message=_printable(reason) if isinstance(reason, str) and reason else "the message could not be read",
        retryable=False,
    )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _event_by_what_is_left(dead: Dead, failure: Failure) -> StoryFailed | None:
    """Return the event of a message whose headers, or else the rest of whose body, name its story."""
    named: Mapping[str, object] = _named_by_headers(dead.headers) or salvage(dead.body)
    batch_id, story_id = named.get("batch_id"), named.get("story_id")
    generation, attempt = named.get("generation", 1), named.get("attempt", 1)
    key = b"\n".join((str((batch_id, story_id, generation, attempt)).encode("utf-8", "replace"), dead.body))
    fields = {
        "event_id": uuid.uuid5(_NAMESPACE, hashlib.sha256(key).hexdigest()).hex,
        "batch_id": batch_id,
        "story_id": story_id,
        # Unknown. The highest value loses against any event that knows the position: the lower of two wins.
        "position": named.get("position", MAX_ORDINAL),
        "url": named.get("url", f"unknown:{story_id}"),
        "generation": generation,
        "attempt": attempt,
        "at": dead.died_at,
        "failure": failure,
    }
    try:
        return messages.StoryFailed.model_validate(fields, strict=True)
    except ValidationError:
        return None


def _named_by_headers(headers: Mapping[str, object]) -> dict[str, object]:
    """Return what our headers say; nothing unless they name batch, story and generation."""
    found = {
        "batch_id": headers.get("gt-batch-id"),
        "story_id": headers.get("gt-story-id"),
        "generation": headers.get("gt-generation"),
        "attempt": headers.get("gt-attempt", 1),
    }
    return {} if None in found.values() else found
