"""A message to send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a message is coloured where a service has colours."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Message:
    """A text to send, plain."""

    title: str
    body: str
    tone: Tone
