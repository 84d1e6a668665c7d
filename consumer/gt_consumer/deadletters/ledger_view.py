"""What the ledger knows of dead letters, also of those that were replayed or discarded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gt_common.errors import NoSuchBatchError, UsageError
from gt_common.ledger import open_ledger
from gt_common.lifecycle import StoryStatus, status_of
from gt_common.messages import StoryCancelled, StoryEvent, StoryMessage
from gt_common.settings import Settings
from gt_consumer.deadletters.selection import Selection

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger

StoryKey = tuple[str, str]
"""Batch id and story id."""


@dataclass(frozen=True)
class Known:
    """A dead letter, and what stands of its story; nothing is known of one that was read from the queue."""

    letter: StoryMessage
    event: StoryEvent | None = None

    @property
    def status(self) -> StoryStatus:
        """What the story is at: `failed`, or what it is since a replay, or `cancelled`."""
        return StoryStatus.FAILED if self.event is None else status_of(self.event)

    @property
    def when(self) -> datetime:
        """When the story came to be so: it died, was discarded, or what happened last since its replay."""
        if self.event is not None and self.status is not StoryStatus.FAILED:
            return self.event.at
        return self.letter.died_at or self.letter.published_at


def failed_letters(settings: Settings, *, batch: str | None = None, story: str | None = None) -> list[Known]:
    """Give the dead letters, newest first.

    Failed stories of a batch that ran without the broker have no letter in any queue and are not among them.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        failed = ledger.failed(batch_id=batch, story_id=story)
    return _newest_first(Known(event.letter, event) for event in failed if event.letter is not None)


def discarded_letters(
    settings: Settings, *, batch: str | None = None, story: str | None = None
) -> list[Known]:
    """Give the discarded letters, newest first; for errors see `failed_letters`."""
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        cancelled = ledger.cancelled(batch_id=batch, story_id=story)
    return _newest_first(Known(event.letter, event) for event in cancelled)


def replayed_letters(
    settings: Settings, *, batch: str | None = None, story: str | None = None
) -> list[Known]:
    """Give the letters that were replayed and have no outcome yet, newest first; see `failed_letters`."""
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        replayed = ledger.replayed(batch_id=batch, story_id=story)
    return _newest_first(Known(letter, event) for event, letter in replayed)


def check_batch(settings: Settings, batch: str) -> None:
    """Check that the ledger knows a batch.

    Raises:
        NoSuchBatchError: it does not
    """
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        ledger.batch(batch)


def find_letter(settings: Settings, story: str, batch: str | None) -> Known:
    """Give the one dead letter of a story, be it in the queue, replayed or discarded.

    Raises:
        UsageError: the ledger knows none, or the id stands in several batches
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    found = [
        *failed_letters(settings, batch=batch, story=story),
        *discarded_letters(settings, batch=batch, story=story),
        *replayed_letters(settings, batch=batch, story=story),
    ]
    if not found:
        where = f" in batch {batch}" if batch else ""
        raise UsageError(f"the ledger knows no dead letter of story {story}{where}; see `gt-dlq list`")
    if len(found) > 1:
        batches = ", ".join(sorted(known.letter.batch_id for known in found))
        raise UsageError(f"story {story} has dead letters in several batches ({batches}); add --batch")
    return found[0]


def choose_known(known: Sequence[Known], selection: Selection, limit: int | None) -> list[Known]:
    """Give the first that are meant, in the order given; of discarded ones `since` means the discarding."""
    return [
        one
        for one in known
        if selection.matches(one.letter, one.when if isinstance(one.event, StoryCancelled) else None)
    ][:limit]


def standing_events(settings: Settings, batches: Iterable[str]) -> dict[StoryKey, StoryEvent]:
    """Give the event that stands for each story of some batches, by (batch id, story id).

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        return read_standing(ledger, batches)


def read_standing(ledger: Ledger, batches: Iterable[str]) -> dict[StoryKey, StoryEvent]:
    """Give the same from a ledger that is open; batches that it does not know have none."""
    found: dict[StoryKey, StoryEvent] = {}
    for batch in sorted(set(batches)):
        with suppress(NoSuchBatchError):
            stories = ledger.batch(batch).stories
            found |= {(batch, name): story.event for name, story in stories.items() if story.event}
    return found


def _newest_first(known: Iterable[Known]) -> list[Known]:
    return sorted(known, key=lambda one: (one.when, one.letter.story_id), reverse=True)
