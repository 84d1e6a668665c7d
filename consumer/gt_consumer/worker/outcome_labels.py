"""The words by which metrics and traces name what becomes of a story."""

from __future__ import annotations

from typing import assert_never

from gt_common.lifecycle import StoryStatus
from gt_consumer.runner.outcomes import (
    Cancelled,
    FailedForGood,
    FailedForNow,
    Interrupted,
    NotDue,
    Outcome,
    Succeeded,
    Unfit,
    Waiting,
)


def outcome_label(outcome: Outcome, status: StoryStatus) -> str | None:
    """Return the label of an outcome; None for a story that was sent away before it could run.

    Parameters:
        status: the story's new status
    """
    match outcome:
        case Succeeded() | FailedForNow() | FailedForGood():
            return status.value
        case Waiting():
            return "rate_limited"
        case Interrupted():
            return "interrupted"
        case Unfit():
            return "machine_unfit"
        case Cancelled():
            return status.value if outcome.ran else None
        case NotDue():
            return None
        case _:
            assert_never(outcome)
