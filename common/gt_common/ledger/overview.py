"""What a screen shows of a batch, however large it is: counts, causes of failure, and some of its stories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gt_common.ledger.plain import Plain
from gt_common.ledger.queries.batches import (
    STORY,
    BatchHead,
    read_counts,
    read_head,
    read_some_stories,
    state_of,
)
from gt_common.ledger.stored import read_cancelled
from gt_common.lifecycle import BatchPhase, StoryState, StoryStatus, complete_counts, ended_at, pause_of
from gt_common.messages import Paused

SAMPLE: Final = 500
"""Stories of each status from which the pace, the workers and the folder are taken: the latest ones."""
FAILURES: Final = 2000
"""Failed stories whose causes are read, the latest ones: in a large ledger each is a slow read of its own."""
CAUSES: Final = 10
"""Causes of failure that are shown, those with most stories."""
_SHOWN_LATEST: Final = frozenset({StoryStatus.SUCCESS, StoryStatus.CANCELLED})


@dataclass(frozen=True)
class Cause:
    """A cause of failure: how many stories have it, and the first of them."""

    count: int
    first: StoryState


@dataclass(frozen=True)
class Overview:
    """A batch, some of its stories, and what is known of all of them.

    Parameters:
        counts: stories by status, those included that have only been announced
        listed: number of stories that are known, not only announced
        latest_end: time of the event that ended the last story so far
        causes: the most frequent causes of failure
        other_causes: how many causes are left out
        failures_read: of how many failed stories the causes are; 0 for all of them
        stories: the first failed, retrying and running ones, then the latest others
    """

    head: BatchHead
    counts: dict[StoryStatus, int]
    listed: int
    latest_end: datetime | None
    causes: tuple[Cause, ...]
    other_causes: int
    failures_read: int
    stories: tuple[StoryState, ...]

    @property
    def total(self) -> int:
        """Number of stories in the batch: as many as were announced or seen, whichever is more."""
        return sum(self.counts.values())

    @property
    def paused(self) -> Paused | None:
        """The pause of the batch, or of the fleet, that keeps its stories from starting."""
        return pause_of(self.head.opened, self.phase, self.head.hold, self.head.fleet)

    @property
    def cost(self) -> int | None:
        """Millionths of the currency spent on its stories; None if no run has said any."""
        return self.head.cost

    @property
    def phase(self) -> BatchPhase:
        """The phase of the batch."""
        return self.head.phase(self.counts)


def read_overview(plain: Plain, batch_id: str, sample: int = SAMPLE) -> Overview:
    """Read what a screen shows of a batch.

    Parameters:
        sample: stories of each status from which the pace, the workers and the folder are taken

    Raises:
        NoSuchBatchError: the ledger has no event of it
    """
    head = read_head(plain, batch_id)
    found = read_counts(plain, [batch_id])[batch_id]
    counts = complete_counts(found.numbers, head.expected)
    ends = [at for status, at in found.latest.items() if status is not StoryStatus.CANCELLED]
    if found.numbers.get(StoryStatus.CANCELLED) and head.phase(counts) is not BatchPhase.OPEN:
        ends += _deaths(plain, batch_id)
    causes, others = _causes(plain, batch_id) if found.numbers.get(StoryStatus.FAILED) else ((), 0)
    return Overview(
        head=head,
        counts=counts,
        listed=sum(found.numbers.values()),
        latest_end=max(ends, default=None),
        causes=causes,
        other_causes=others,
        failures_read=FAILURES if found.numbers.get(StoryStatus.FAILED, 0) > FAILURES else 0,
        stories=tuple(_sample(plain, batch_id, found.numbers, sample)),
    )


def _sample(plain: Plain, batch_id: str, found: dict[StoryStatus, int], size: int) -> Iterator[StoryState]:
    for status in StoryStatus:
        if not found.get(status):
            continue
        latest = read_some_stories(plain, batch_id, status, size, latest=True)
        known = {story.story_id for story in latest}
        if status not in _SHOWN_LATEST:
            first = read_some_stories(plain, batch_id, status, size, latest=False)
            yield from (story for story in first if story.story_id not in known)
        yield from latest


def _deaths(plain: Plain, batch_id: str) -> Iterator[datetime]:
    """Yield when cancelled stories ended: discarding a dead letter later does not make its batch longer."""
    query = "SELECT event FROM gt_stories WHERE status = 'cancelled' AND batch_id = ?"
    for row in plain.rows(query, batch_id):
        yield ended_at(read_cancelled(row[0]))


def _causes(plain: Plain, batch_id: str) -> tuple[tuple[Cause, ...], int]:
    """Return the most frequent causes, and how many others there are."""
    fingerprint = plain.json_text("event", "failure", "fingerprint")
    failed = "FROM gt_stories WHERE status = 'failed' AND batch_id = ?"
    # Without the condition on the time SQLite would sort all of them instead of using the index.
    latest = f"(SELECT event, position {failed} AND at IS NOT NULL ORDER BY at DESC LIMIT ?) AS latest"
    query = f"SELECT {fingerprint}, count(*), min(position) FROM {latest} GROUP BY 1 ORDER BY 2 DESC, 3"  # noqa: S608
    groups = list(plain.rows(query, batch_id, FAILURES))
    # Not ordered: for an order by id SQLite would go through the whole batch.
    first = f"SELECT {STORY} {failed} AND position = ?"
    causes = []
    for name, count, position in groups[:CAUSES]:
        stories = [state_of(row) for row in plain.rows(first, batch_id, position)]
        stories.sort(key=lambda story: story.story_id)
        causes += [Cause(count, story) for story in stories if _fingerprint(story) == name][:1]
    return tuple(causes), len(groups) - len(causes)


def _fingerprint(story: StoryState) -> str:
    failure = getattr(story.event, "failure", None)
    return failure.fingerprint if failure else ""
