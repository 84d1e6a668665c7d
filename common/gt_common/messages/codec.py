"""Encodes and decodes messages and events."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import (
    Field,
    TypeAdapter,
    ValidationError,
)

from gt_common.errors import MalformedMessageError
from gt_common.messages.events import Event
from gt_common.messages.story import StoryMessage

MAX_BODY: Final = 256 * 1024


_EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def encode(message: StoryMessage | Event) -> bytes:
    """Encode a message as JSON."""
    return message.model_dump_json(exclude_none=True).encode()


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


def decode_event(body: bytes) -> Event:
    """Decode a result event.

    Raises:
        MalformedMessageError: too large, not JSON, another version or type, or an invalid field
    """
    _check_size(body)
    try:
        return _EVENTS.validate_json(body)
    except ValidationError as error:
        raise MalformedMessageError(f"malformed event: {_first_problem(error)}") from None


def _check_size(body: bytes) -> None:
    if len(body) > MAX_BODY:
        raise MalformedMessageError(f"malformed message: {len(body)} bytes; at most {MAX_BODY} are allowed")


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]
