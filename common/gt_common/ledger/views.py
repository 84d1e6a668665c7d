"""Plain values that queries return besides the batch itself; without any database library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from gt_common.messages.statuses import BatchPhase, StoryStatus
from gt_common.texts import plural

if TYPE_CHECKING:
    from gt_common.messages import Paused, StorySucceeded

SpanOutcome = Literal["running", "success", "retrying", "failed", "released", "lost", "cancelled"]


@dataclass(frozen=True)
class BatchSummary:
    """One batch in the list of batches.

    Parameters:
        total: the sum of all counts
        counts: how many stories are at each status
        opened_at: when `batch.opened` was published; None if it has not arrived yet
        finished_at: when the last story became final; None while the batch is open
        paused: the pause of the batch, or of the fleet, that keeps its stories from starting
        cost, cost_wasted: millionths of the currency spent on its stories, and the part of it that made no
            video; None if no run has said any
    """

    batch_id: str
    name: str | None
    tags: Mapping[str, str]
    phase: BatchPhase
    total: int
    counts: Mapping[StoryStatus, int]
    opened_at: datetime | None
    finished_at: datetime | None
    paused: Paused | None = None
    cost: int | None = None
    cost_wasted: int | None = None


@dataclass(frozen=True)
class AttemptSpan:
    """One run of one attempt on one worker, for a timeline.

    Parameters:
        run: how often this attempt was requeued before
        ended_at: None while it is running, as far as is known
        outcome: `released`: requeued without using up the attempt; `lost`: no end before the next run began;
            `cancelled`: no end of its own before an operator cancelled the story
    """

    story_id: str
    generation: int
    attempt: int
    run: int
    worker: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: SpanOutcome


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True)
class EarlierVideo:
    """A success of a story in an earlier batch.

    Parameters:
        removed_at: when gt-prune removed the video; None if it did not
    """

    event: StorySucceeded
    removed_at: datetime | None = None


@dataclass(frozen=True)
class Tombstone:
    """What is left of a pruned batch.

    Parameters:
        phase: how it ended
        complete: whether all its rows are gone; if not, a gt-prune works on it or was stopped
        videos_removed_at: when gt-prune removed its videos; None if it did not
        late: events that arrived after the pruning and were dropped
    """

    batch_id: str
    pruned_at: datetime
    phase: BatchPhase
    total: int
    successful: int
    failed: int
    cancelled: int
    complete: bool
    videos_removed_at: datetime | None
    late: int

    @property
    def said(self) -> str:
        """The tombstone in one line."""
        ended = {"failed": self.failed, "cancelled": self.cancelled}
        counts = "".join(f", {number} {word}" for word, number in ended.items() if number)
        late = f"; {plural(self.late, 'event')} arrived later and were dropped" if self.late else ""
        return (
            f"batch {self.batch_id!r} was removed by gt-prune on {self.pruned_at:%Y-%m-%d}: "
            f"{plural(self.total, 'story')}, {self.successful} successful{counts}{late}"
        )
