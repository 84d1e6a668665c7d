"""The attributes by which the spans of a story are found."""

from __future__ import annotations

from typing import Protocol

Value = str | int | float | bool


class OfStory(Protocol):
    """A message or an event of a story."""

    @property
    def batch_id(self) -> str: ...

    @property
    def story_id(self) -> str: ...

    @property
    def generation(self) -> int: ...

    @property
    def attempt(self) -> int: ...


def attributes_of(message: OfStory) -> dict[str, Value]:
    """Return the attributes by which all spans of a story are found."""
    return {
        "gt.batch_id": message.batch_id,
        "gt.story_id": message.story_id,
        "gt.generation": message.generation,
        "gt.attempt": message.attempt,
    }
