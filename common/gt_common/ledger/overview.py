"""What a screen shows of a batch, however large it is: counts, causes of failure, and some of its stories."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, cast

from gt_common.ledger.plain import Plain
from gt_common.ledger.queries.batches import (
    STORY,
    BatchHead,
    Counts,
    read_counts,
    read_head,
    read_some_stories,
    state_of,
)
from gt_common.ledger.stored import read_cancelled
from gt_common.lifecycle import BatchPhase, StoryState, StoryStatus, complete_counts, ended_at, pause_of

if TYPE_CHECKING:
    from gt_common.messages import Paused

SAMPLE: Final = 500
"""Stories of each status from which the pace, the workers and the folder are taken: the latest ones."""
FAILURES: Final = 2000
"""Failed stories whose causes are read, the latest ones: in a large ledger each is a slow read of its own."""
CAUSES: Final = 10
"""Causes of failure that are shown, those with most stories."""
_REMEMBERED: Final = 50
"""Readings that are kept, up to eight of a batch; 200 failures with their tracebacks take some MB."""
_SHOWN_LATEST: Final = frozenset({StoryStatus.SUCCESS, StoryStatus.CANCELLED})
Remembered = TypeVar("Remembered")


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


_Causes = tuple[tuple[Cause, ...], int]
"""The most frequent ones, and how many others there are."""
_NO_CAUSES: Final[_Causes] = ((), 0)


class Memory:
    """What was read of batches before, for a program that looks again and again.

    A reading is good for as long as no story at its status has changed.
    """

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[str, StoryStatus, str], tuple[int, object]] = OrderedDict()

    def recall(
        self, counts: Counts, key: tuple[str, StoryStatus, str], read: Callable[[], Remembered]
    ) -> Remembered:
        """Return what depends only on the stories of a batch at a status, read again if one has changed.

        Parameters:
            counts: the counts of the batch, of the same moment
            key: the batch, the status, and what is read
        """
        change, known = counts.changes.get(key[1]), self._read.get(key)
        if change is None:
            return read()
        if known is not None and known[0] == change:
            return cast("Remembered", known[1])
        found = read()
        self._read[key] = change, found
        self._read.move_to_end(key)
        if len(self._read) > _REMEMBERED:
            self._read.popitem(last=False)
        return found


def read_overview(
    plain: Plain, batch_id: str, sample: int = SAMPLE, memory: Memory | None = None
) -> Overview:
    """Read what a screen shows of a batch.

    Parameters:
        sample: stories of each status from which the pace, the workers and the folder are taken
        memory: what was read before; None for nothing

    Raises:
        NoSuchBatchError: the ledger has no event of it
    """
    head = read_head(plain, batch_id)
    memory = memory or Memory()
    found = read_counts(plain, [batch_id])[batch_id]
    counts = complete_counts(found.numbers, head.expected)
    ends = [at for status, at in found.latest.items() if status is not StoryStatus.CANCELLED]
    if found.numbers.get(StoryStatus.CANCELLED) and head.phase(counts) is not BatchPhase.OPEN:
        ends.append(
            memory.recall(found, (batch_id, StoryStatus.CANCELLED, "end"), lambda: _death(plain, batch_id))
        )
    causes, others = _NO_CAUSES
    if found.numbers.get(StoryStatus.FAILED):
        causes, others = memory.recall(
            found, (batch_id, StoryStatus.FAILED, "causes"), lambda: _causes(plain, batch_id)
        )
    return Overview(
        head=head,
        counts=counts,
        listed=sum(found.numbers.values()),
        latest_end=max(ends, default=None),
        causes=causes,
        other_causes=others,
        failures_read=FAILURES if found.numbers.get(StoryStatus.FAILED, 0) > FAILURES else 0,
        stories=tuple(
            story
            for status in StoryStatus
            if found.numbers.get(status)
            for story in memory.recall(
                found,
                (batch_id, status, f"sample of {sample}"),
                partial(_sample, plain, batch_id, status, sample),
            )
        ),
    )


def _sample(plain: Plain, batch_id: str, status: StoryStatus, size: int) -> tuple[StoryState, ...]:
    latest = read_some_stories(plain, batch_id, status, size, latest=True)
    if status in _SHOWN_LATEST:
        return tuple(latest)
    known = {story.story_id for story in latest}
    first = read_some_stories(plain, batch_id, status, size, latest=False)
    return *(story for story in first if story.story_id not in known), *latest


def _death(plain: Plain, batch_id: str) -> datetime:
    """Return when the last of the cancelled stories ended; there must be one.

    Discarding a dead letter later does not make its batch longer.
    """
    query = "SELECT event FROM gt_stories WHERE status = 'cancelled' AND batch_id = ?"
    return max(ended_at(read_cancelled(row[0])) for row in plain.rows(query, batch_id))


def _causes(plain: Plain, batch_id: str) -> _Causes:
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
