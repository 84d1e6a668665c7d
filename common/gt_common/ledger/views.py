"""Plain values that queries return besides the batch itself; without any database library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gt_common.lifecycle import BatchPhase, StoryStatus

SpanOutcome = Literal["running", "success", "retrying", "failed", "released", "lost"]


@dataclass(frozen=True)
class BatchSummary:
    """One batch in the list of batches.

    Parameters:
        total: the sum of all counts
        counts: how many stories are at each status
        opened_at: when `batch.opened` was published; None if it has not arrived yet
        finished_at: when the last story became final; None while the batch is open
    """

    batch_id: str
    name: str | None
    tags: Mapping[str, str]
    phase: BatchPhase
    total: int
    counts: Mapping[StoryStatus, int]
    opened_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class AttemptSpan:
    """One run of one attempt on one worker, for a timeline.

    Parameters:
        run: how often this attempt was requeued before
        ended_at: None while it is running, as far as is known
        outcome: `released`: requeued without using up the attempt; `lost`: no end before the next run began
    """

    story_id: str
    generation: int
    attempt: int
    run: int
    worker: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: SpanOutcome


@dataclass(frozen=True)
class UnfinishedStory:
    """A story of some batch that is not final yet.

    Parameters:
        canonical: its canonical URL
        made_by: the program that runs the whole batch itself; None if its stories go through the broker
    """

    canonical: str
    batch_id: str
    status: StoryStatus
    made_by: str | None
