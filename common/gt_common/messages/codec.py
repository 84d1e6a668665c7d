"""Encodes and decodes messages and events."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from gt_common.errors import MalformedMessageError
from gt_common.messages.story import StoryMessage
from gt_common.messages.unknown import UnknownEvent

if TYPE_CHECKING:
    from gt_common.messages.events import Event

MAX_BODY: Final = 256 * 1024
_OTHER_TYPE: Final = "union_tag_invalid"
"""pydantic's name for a `type` that none of our events has."""


def routing_key(event: Event | UnknownEvent) -> str:
    """Return the key under which an event is published: the batch, if it is about one, and the type."""
    batch_id: str | None = getattr(event, "batch_id", None)
    return f"{batch_id}.{event.type}" if batch_id else event.type


@cache
def _events() -> TypeAdapter[Event]:
    # What only publishes needs none of the models of what others publish.
    from gt_common.messages.events import Event

    return TypeAdapter(Annotated[Event, Field(discriminator="type")])


def encode(message: StoryMessage | Event | UnknownEvent) -> bytes:
    """Encode a message as JSON; an event of an unknown type as it was published."""
    if isinstance(message, UnknownEvent):
        return message.body.encode()
    return as_json(message).encode()


def as_json(message: StoryMessage | Event) -> str:
    """Return a message as JSON."""
    return message.model_dump_json(exclude_none=True)


def decode_story(body: bytes) -> StoryMessage:
    """Decode a story message.

    Raises:
        MalformedMessageError: too large, not JSON, another version, or an invalid field
    """
    _check_size(body)
    try:
        return StoryMessage.model_validate_json(body)
    except ValidationError as error:
        raise MalformedMessageError(f"malformed story message: {_first_problem(error)}") from None


def decode_event(body: bytes) -> Event | UnknownEvent:
    """Decode a result event.

    Raises:
        MalformedMessageError: too large, not JSON, or an event of a known type in another version or
            with an invalid field
    """
    _check_size(body)
    try:
        return _events().validate_json(body)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == _OTHER_TYPE:
            return _decode_unknown(body)
        raise MalformedMessageError(f"malformed event: {_first_problem(error)}") from None


def _decode_unknown(body: bytes) -> UnknownEvent:
    try:
        event = UnknownEvent.model_validate_json(body)
    except ValidationError as error:
        raise MalformedMessageError(f"malformed event: {_first_problem(error)}") from None
    return event.model_copy(update={"body": body.decode()})


def _check_size(body: bytes) -> None:
    if len(body) > MAX_BODY:
        raise MalformedMessageError(f"malformed message: {len(body)} bytes; at most {MAX_BODY} are allowed")


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]
