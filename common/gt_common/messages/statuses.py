"""Statuses of stories and states of batches: the same words in every table, document, event and row."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class StoryStatus(StrEnum):
    """Status of a story; the same words in every table, JSON document, event and row."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the story changes no more unless somebody replays or restores it."""
        return self in _FINAL


_FINAL: Final = frozenset({StoryStatus.SUCCESS, StoryStatus.FAILED, StoryStatus.CANCELLED})


class BatchPhase(StrEnum):
    """State of a batch."""

    OPEN = "open"
    DONE = "done"
    DONE_WITH_FAILURES = "done_with_failures"
