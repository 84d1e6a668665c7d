"""Dead letters as the ledger knows them, including replayed and discarded ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from gt_common import messages
from gt_common.errors import UsageError
from gt_common.failures import UNREADABLE, Failure
from gt_common.ledger import read_ledger
from gt_common.ledger.letter_line import LetterLine
from gt_common.lifecycle import StoryStatus, status_of
from gt_common.settings import Settings
from gt_common.texts import by_whom
from gt_consumer.deadletters.selection import Selection, died, last_error, last_failure

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader
    from gt_common.messages import AttemptError, StoryCancelled, StoryEvent, StoryMessage

Shown = TypeVar("Shown")
OnRead = Callable[[int, int], None]
"""Is told how many letters were read, and of how many."""


def _unheard(_read: int, _count: int) -> None:
    pass


StoryKey = tuple[str, str]
"""Batch id and story id."""


LetterKey = tuple[str, str, int]
"""Batch id, story id and generation."""

PAGE: Final = 500
"""Letters that are read from the ledger at a time."""


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


def line_of(letter: StoryMessage) -> LetterLine:
    """Return what a list shows of a dead letter that was read in full."""
    last = last_error(letter)
    return LetterLine(
        batch_id=letter.batch_id,
        story_id=letter.story_id,
        position=letter.position,
        url=letter.url,
        generation=letter.generation,
        failure=last_failure(letter),
        attempts=letter.attempts_used,
        worker=last.worker if last else None,
        died_at=letter.died_at,
        seen_at=died(letter),
        replays=len(letter.replays),
    )


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


class LetterPages:
    """The dead letters, or discarded letters, of a ledger, of which only a page is in memory at a time.

    Parameters:
        status: `failed` or `cancelled`
        on_read: called before each page
    """

    def __init__(
        self,
        ledger: LedgerReader,
        status: StoryStatus,
        selection: Selection,
        on_read: OnRead = _unheard,
    ) -> None:
        self._ledger = ledger
        self._on_read = on_read
        self._status = status
        self._selection = selection
        self._stories = selection.stories

    @cached_property
    def keys(self) -> list[LetterKey]:
        """The keys of the letters in the selected batch and of the selected stories, newest first."""
        found = self._ledger.letter_keys(self._status, batch_id=self._selection.batch)
        return [key for key in found if key[1] in self._stories] if self._stories else found

    @property
    def count(self) -> int:
        """How many keys there are."""
        if self._stories:
            return len(self.keys)
        return self._ledger.letter_count(self._status, batch_id=self._selection.batch)

    @property
    def by_content(self) -> bool:
        """Whether a letter must be read to know if it is selected."""
        return self._selection != Selection(batch=self._selection.batch, stories=self._stories)

    def newest(self) -> Iterator[KnownLetter]:
        """Yield the selected letters, newest first."""
        return self._selected(self.keys)

    def oldest(self) -> Iterator[KnownLetter]:
        """Yield the selected letters, oldest first."""
        return self._selected(self.keys[::-1])

    def first(self, limit: int | None, shown: Callable[[KnownLetter], Shown]) -> tuple[list[Shown], int]:
        """Return the newest selected letters, and how many are selected altogether.

        Parameters:
            shown: converts a letter to what is shown of it, which takes less memory
        """
        if not self.by_content and limit is not None:
            keys, count = self._first_keys(limit)
            return [*map(shown, self._selected(keys))], count
        chosen: list[Shown] = []
        number = 0
        for known in self.newest():
            number += 1
            if limit is None or number <= limit:
                chosen.append(shown(known))
        return chosen, number

    def first_lines(self, limit: int | None, shown: Callable[[LetterLine], Shown]) -> tuple[list[Shown], int]:
        """Return the newest selected dead letters, and how many are selected altogether, as `first` does.

        Parameters:
            shown: converts what a list shows of a letter; few selections need more of a letter than that
        """
        if self.by_content:
            return self.first(limit, lambda known: shown(line_of(known.letter)))
        keys, count = self._first_keys(limit)
        lines = [
            shown(found[key])
            for page in self._pages(keys)
            for found in [self._ledger.letter_lines(page)]
            for key in page
            if key in found
        ]
        return lines, count

    def _first_keys(self, limit: int | None) -> tuple[list[LetterKey], int]:
        """Return the newest keys, and how many there are altogether."""
        if limit is None or self._stories:
            return self.keys[:limit], len(self.keys)
        return self._ledger.newest_letters(self._status, limit, batch_id=self._selection.batch)

    def _selected(self, keys: Sequence[LetterKey]) -> Iterator[KnownLetter]:
        for page in self._pages(keys):
            current = self._ledger.current(page)
            found = (known_letter(current[key]) for key in page if key in current)
            yield from select_letters([known for known in found if known], self._selection, None)

    def _pages(self, keys: Sequence[LetterKey]) -> Iterator[list[StoryKey]]:
        for start in range(0, len(keys), PAGE):
            self._on_read(start, len(keys))
            yield [(batch, story) for batch, story, _ in keys[start : start + PAGE]]


def known_letter(event: StoryEvent) -> KnownLetter | None:
    """Return the dead letter, or discarded letter, that an event carries.

    Of a story that was cancelled before it failed the cancel is the error.
    """
    letter = event.letter if isinstance(event, messages.StoryFailed | messages.StoryCancelled) else None
    if letter is None:
        return None
    if letter.died_at is None and isinstance(event, messages.StoryCancelled):
        letter = letter.dead(_cancel_error(letter, event))
    return KnownLetter(letter, event)


def _cancel_error(letter: StoryMessage, event: StoryCancelled) -> AttemptError:
    failure = Failure(
        type="Cancelled", message=f"cancelled by {by_whom(event.by, event.reason)}", retryable=False
    )
    return messages.AttemptError(
        failure=failure, generation=letter.generation, attempt=letter.attempt, ended_at=event.at
    )


@contextmanager
def open_letters(
    settings: Settings,
    selection: Selection,
    status: StoryStatus = StoryStatus.FAILED,
    on_read: OnRead = _unheard,
) -> Iterator[LetterPages]:
    """Open the ledger to read the selected letters in pages; for errors see `failed_letters`."""
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        yield LetterPages(ledger, status, selection, on_read)


def count_letters(settings: Settings) -> int:
    """Return how many dead letters the ledger has; for errors see `failed_letters`."""
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        return ledger.letter_count(StoryStatus.FAILED)


def count_unreadable(settings: Settings, selection: Selection) -> int:
    """Return how many stories of a batch failed because their messages cannot be read; these have no letter.

    0 for a selection by more than batch and story, and without a batch.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    batch, stories = selection.batch, selection.stories
    if batch is None or selection != Selection(batch=batch, stories=stories):
        return 0
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        keys = ledger.letter_keys(StoryStatus.FAILED, batch_id=batch, with_letter=False)
        events = ledger.current([(batch, story) for _, story, _ in keys if not stories or story in stories])
    return sum(
        isinstance(event, messages.StoryFailed) and event.failure.type == UNREADABLE
        for event in events.values()
    )


def discarded_letters(
    settings: Settings, *, batch: str | None = None, story: str | None = None
) -> list[KnownLetter]:
    """Return the discarded letters, newest first; for errors see `failed_letters`."""
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        cancelled = ledger.cancelled(batch_id=batch, story_id=story)
    return _newest_first(known for known in map(known_letter, cancelled) if known)


def cancelled_early(
    settings: Settings, selection: Selection
) -> tuple[list[KnownLetter], list[StoryCancelled]]:
    """Return the selected cancelled stories without a letter of their own; for errors see `failed_letters`.

    Those that died in the same generation, before their worker knew of the cancel, have that letter. The
    others have none yet. What only a letter tells selects none of them.
    """
    if selection.needs_letter:
        return [], []
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        cancelled = ledger.cancelled(batch_id=selection.batch)
        early = [event for event in cancelled if event.letter is None and selection.matches_story(event)]
        letters = ledger.letters_of((event.batch_id, event.story_id) for event in early)
    died = {letter_key(letter): letter for letter in letters}
    keys = [(event.batch_id, event.story_id, event.generation) for event in early]
    known = [KnownLetter(died[key], event) for key, event in zip(keys, early, strict=True) if key in died]
    return known, [event for key, event in zip(keys, early, strict=True) if key not in died]


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
        ledger.head(batch)


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
        if selection.matches(one.letter, one.when if isinstance(one.event, messages.StoryCancelled) else None)
    ][:limit]


def current_events(settings: Settings, keys: Collection[StoryKey]) -> dict[StoryKey, StoryEvent]:
    """Return the event that decides the status of each of some stories, by (batch id, story id).

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        return ledger.current(keys)


def pruned_batches(settings: Settings, batch_ids: Collection[str]) -> frozenset[str]:
    """Return which of these batches were pruned.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        return frozenset(ledger.tombstones(batch_ids))


def _newest_first(known: Iterable[KnownLetter]) -> list[KnownLetter]:
    return sorted(known, key=lambda one: (one.when, one.letter.story_id), reverse=True)
