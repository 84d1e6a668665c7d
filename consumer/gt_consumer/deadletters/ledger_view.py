"""Dead letters as the ledger knows them, including replayed and discarded ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gt_common.errors import NoSuchBatchError, UsageError
from gt_common.ledger import read_ledger
from gt_common.lifecycle import StoryStatus, status_of
from gt_common.messages import StoryCancelled, StoryEvent, StoryMessage
from gt_common.settings import Settings
from gt_consumer.deadletters.selection import Selection

if TYPE_CHECKING:
    from gt_common.ledger.ledger import LedgerReader

StoryKey = tuple[str, str]
"""Batch id and story id."""


LetterKey = tuple[str, str, int]
"""Batch id, story id and generation."""


@dataclass(frozen=True)
class KnownLetter:
    """A dead letter and the current event of its story; the event is None if read from the queue."""

    letter: StoryMessage
    event: StoryEvent | None = None

    @property
    def status(self) -> StoryStatus:
        """The story's status: `failed`, `cancelled`, or its status since the replay."""
        return StoryStatus.FAILED if self.event is None else status_of(self.event)

    @property
    def when(self) -> datetime:
        """When the story got this status: its death, its discard, or the last event since its replay."""
        if self.event is not None and self.status is not StoryStatus.FAILED:
            return self.event.at
        return self.letter.died_at or self.letter.published_at


def letter_key(letter: StoryMessage) -> LetterKey:
    """Return what identifies a letter among all."""
    return letter.batch_id, letter.story_id, letter.generation


def failed_letters(
    settings: Settings, *, batch: str | None = None, story: str | None = None
) -> list[KnownLetter]:
    """Return the dead letters, newest first.

    Failed stories of a batch that ran without a broker are not included: they have no letter in a queue.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        failed = ledger.failed(batch_id=batch, story_id=story)
    return _newest_first(KnownLetter(event.letter, event) for event in failed if event.letter is not None)


def discarded_letters(
    settings: Settings, *, batch: str | None = None, story: str | None = None
) -> list[KnownLetter]:
    """Return the discarded letters, newest first; for errors see `failed_letters`."""
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        cancelled = ledger.cancelled(batch_id=batch, story_id=story)
    return _newest_first(KnownLetter(event.letter, event) for event in cancelled)


def replayed_letters(
    settings: Settings, *, batch: str | None = None, story: str | None = None
) -> list[KnownLetter]:
    """Return replayed letters without an outcome yet, newest first; for errors see `failed_letters`."""
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        replayed = ledger.replayed(batch_id=batch, story_id=story)
    return _newest_first(KnownLetter(letter, event) for event, letter in replayed)


def check_batch(settings: Settings, batch: str) -> None:
    """Check that the ledger knows a batch.

    Raises:
        NoSuchBatchError: the ledger does not know it
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        ledger.batch(batch)


def find_letter(settings: Settings, story: str, batch: str | None) -> KnownLetter:
    """Return the dead letter of a story, whether it is in the queue, replayed or discarded.

    Raises:
        UsageError: the ledger has none, or several batches have one
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    found = [
        *failed_letters(settings, batch=batch, story=story),
        *discarded_letters(settings, batch=batch, story=story),
        *replayed_letters(settings, batch=batch, story=story),
    ]
    if not found:
        where = f" in batch {batch}" if batch else ""
        raise UsageError(f"the ledger has no dead letter of story {story}{where}; see `gt-dlq list`")
    if len(found) > 1:
        batches = ", ".join(sorted(known.letter.batch_id for known in found))
        raise UsageError(f"story {story} has dead letters in several batches ({batches}); add --batch")
    return found[0]


def select_letters(
    known: Sequence[KnownLetter], selection: Selection, limit: int | None
) -> list[KnownLetter]:
    """Return the selected letters in the order given; for discarded ones `since` means the discard.

    Parameters:
        limit: maximum number of letters; None for all
    """
    return [
        one
        for one in known
        if selection.matches(one.letter, one.when if isinstance(one.event, StoryCancelled) else None)
    ][:limit]


def current_events(settings: Settings, batches: Iterable[str]) -> dict[StoryKey, StoryEvent]:
    """Return the event that decides the status of each story of some batches, by (batch id, story id).

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        return read_current(ledger, batches)


def read_current(ledger: LedgerReader, batches: Iterable[str]) -> dict[StoryKey, StoryEvent]:
    """Return the same from an open ledger; unknown batches have no events."""
    found: dict[StoryKey, StoryEvent] = {}
    for batch in sorted(set(batches)):
        with suppress(NoSuchBatchError):
            stories = ledger.batch(batch).stories
            found |= {(batch, name): story.event for name, story in stories.items() if story.event}
    return found


def _newest_first(known: Iterable[KnownLetter]) -> list[KnownLetter]:
    return sorted(known, key=lambda one: (one.when, one.letter.story_id), reverse=True)
