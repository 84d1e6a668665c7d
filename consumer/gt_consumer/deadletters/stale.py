"""Decides by the ledger whether a dead letter is a stale copy that can be removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError
from gt_common.log import get_logger
from gt_common.messages import StoryCancelled, StoryEvent, StoryMessage, StorySucceeded
from gt_common.settings import Settings
from gt_consumer.deadletters.ledger_view import StoryKey, current_events

log = get_logger("dlq")

REREAD_S = 10.0
"""After this time a batch is read from the ledger again, in seconds."""

RunKey = tuple[int, int, int]
"""Generation, attempt and run: sorts the letters and events of a story by age."""
LAST = 1_000_001
"""Greater than any attempt or run."""


def run_key(of: StoryMessage | StoryEvent) -> RunKey:
    """Return generation, attempt and run of a letter or an event."""
    return of.generation, of.attempt, of.run


def why_stale(letter: StoryMessage, current: StoryEvent | None) -> str | None:
    """Return why a letter is a stale copy; None when it is not.

    Nothing is lost with a stale copy: a later generation exists only after the broker has confirmed its
    message, after a success of the same generation the video exists, and a discarded letter is in the ledger.

    Parameters:
        current: the event that decides the story's status; None if unknown
    """
    if current is None:
        return None
    if isinstance(current, StoryCancelled) and run_key(current) >= run_key(letter):
        return f"already discarded by {current.by}; `gt-dlq restore` brings it back"
    if current.generation > letter.generation:
        return f"already replayed, as generation {current.generation}"
    if current.generation == letter.generation and isinstance(current, StorySucceeded):
        return "the story has succeeded since"
    return None


def stale_reason(
    letter: StoryMessage, current: Mapping[StoryKey, StoryEvent], done: Mapping[StoryKey, RunKey]
) -> str | None:
    """Return why a letter must not be handled; None when it is fresh.

    Parameters:
        current: the events that decide the stories' status, from the ledger
        done: the newest letter of each story that this command has handled
    """
    key = (letter.batch_id, letter.story_id)
    if run_key(letter) <= done.get(key, (0, 0, 0)):
        return "another copy of this dead letter has just been handled"
    return why_stale(letter, current.get(key))


class CurrentEvents:
    """Reads the events that decide the status of stories, batch by batch as letters need them.

    Parameters:
        clock: monotonic clock in seconds
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._events: dict[StoryKey, StoryEvent] = {}
        self._read_at: dict[str, float] = {}
        self._lost = False

    def forget(self) -> None:
        """Read everything again when it is next needed."""
        self._read_at.clear()
        self._lost = False

    async def of(self, letter: StoryMessage) -> Mapping[StoryKey, StoryEvent]:
        """Return the events of at least this letter's batch; none if the ledger cannot be read."""
        batch, now = letter.batch_id, self._clock()
        if not self._lost and now - self._read_at.get(batch, -REREAD_S) >= REREAD_S:
            try:
                self._events |= await asyncio.to_thread(current_events, self._settings, {batch})
            except (LedgerUnreachableError, CredentialsRefusedError) as error:
                self._lost = True
                effect = "stale copies count as dead letters"
                log.warning("ledger_read_failed", error=str(error), effect=effect)
            self._read_at[batch] = self._clock()
        return self._events
