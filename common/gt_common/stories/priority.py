"""Which of the stories that wait for a worker come first: apart from the rest, as every message has it."""

from __future__ import annotations

from enum import StrEnum

from gt_common.errors import UsageError


class Priority(StrEnum):
    """Which of the stories that wait for a worker comes first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


def parse_priority(text: str) -> Priority:
    """Parse a priority.

    Raises:
        UsageError: there is none of this name
    """
    try:
        return Priority(text.strip().lower())
    except ValueError:
        raise UsageError(f"invalid priority {text!r}: expected high, normal or low") from None
