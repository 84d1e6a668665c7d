"""Text from outside made safe and short enough to show."""

from __future__ import annotations

import re

# C0 and C1 controls (terminal escapes begin with one) and marks that turn the direction of text.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Make one line of any text and take out what could steer a terminal."""
    return _CONTROLS.sub("", " ".join(text.split()))


def cut(text: str, width: int) -> str:
    """Shorten a text to a number of characters, the last an ellipsis."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
