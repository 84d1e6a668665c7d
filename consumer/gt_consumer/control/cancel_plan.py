"""What a cancel concerns, according to the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from gt_common.errors import UsageError
from gt_common.ledger.queries.story_keys import StoryRef
from gt_common.ledger.reader import LedgerReader
from gt_common.lifecycle import StoryStatus
from gt_common.texts import plural
from gt_consumer.control.orders import CancelOrder

_WORDS = {
    StoryStatus.QUEUED: "queued",
    StoryStatus.RETRYING: "waiting for a retry",
    StoryStatus.RUNNING: "running",
    StoryStatus.SUCCESS: "success",
    StoryStatus.FAILED: "failed",
    StoryStatus.CANCELLED: "cancelled",
}
_NAMED = 5
"""Unknown stories that an error names."""


@dataclass(frozen=True)
class CancelPlan:
    """The stories that an order concerns.

    Parameters:
        refs: those that are not final
        counts: all of them by status
        not_listed: stories that were announced, but that no list in the ledger names yet
    """

    refs: list[StoryRef]
    counts: Counter[StoryStatus]
    not_listed: int

    @property
    def final(self) -> int:
        """How many are final already."""
        return sum(number for status, number in self.counts.items() if status.final)

    def open_text(self) -> str:
        """Format those that are not final: `3 queued, 1 running`."""
        return count_text({status: n for status, n in self.counts.items() if not status.final})

    def final_text(self) -> str:
        """Format those that are final: `8 success, 2 failed`."""
        return count_text({status: n for status, n in self.counts.items() if status.final})


def count_text(counts: dict[StoryStatus, int]) -> str:
    """Format numbers of stories by status."""
    return ", ".join(f"{counts[status]} {word}" for status, word in _WORDS.items() if counts.get(status))


def read_plan(ledger: LedgerReader, order: CancelOrder) -> CancelPlan:
    """Return what an order concerns.

    Raises:
        NoSuchBatchError: the ledger has no event of the batch
        UsageError: the batch has no story with one of the ids
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    head = ledger.head(order.batch_id)
    refs = ledger.story_refs(order.batch_id)
    not_listed = max(0, head.expected - len(refs))
    if order.stories:
        refs = [ref for ref in refs if ref.story_id in order.stories]
        _check_known(order, {ref.story_id for ref in refs}, not_listed)
        not_listed = 0
    counts = Counter(ref.status for ref in refs)
    return CancelPlan([ref for ref in refs if not ref.status.final], counts, not_listed)


def _check_known(order: CancelOrder, known: Iterable[str], not_listed: int) -> None:
    unknown = sorted(order.stories.difference(known))
    if not unknown:
        return
    named = ", ".join(unknown[:_NAMED]) + (", …" if len(unknown) > _NAMED else "")
    hint = f"`gt-report {order.batch_id} --csv` lists the ids"
    if not_listed:
        hint = f"not listed yet: {plural(not_listed, 'story')}; try again"
    raise UsageError(f"batch {order.batch_id} has no story {named}; {hint}")
