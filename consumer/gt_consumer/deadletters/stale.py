"""Decides by the ledger whether a dead letter is a stale copy that can be removed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError
from gt_common.log import get_logger
from gt_common.messages import StoryCancelled, StoryEvent, StoryMessage, StorySucceeded
from gt_common.settings import Settings
from gt_consumer.deadletters.ledger_view import StoryKey, current_events, pruned_batches

log = get_logger("dlq")

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
    The letter of a story that was cancelled before it came may be the only one.

    Parameters:
        current: the event that decides the story's status; None if unknown
    """
    if current is None:
        return None
    if isinstance(current, StoryCancelled) and current.letter and run_key(current) >= run_key(letter):
        return f"already discarded by {current.by}; `gt-dlq restore` brings it back"
    if current.generation > letter.generation:
        return f"already replayed, as generation {current.generation}"
    if current.generation == letter.generation and isinstance(current, StorySucceeded):
        return "the story has succeeded since"
    return None


def why_cancelled(letter: StoryMessage, current: StoryEvent | None) -> str | None:
    """Return why a letter must not be replayed yet: it died while its story was cancelled.

    Parameters:
        current: the event that decides the story's status; None if unknown
    """
    if not isinstance(current, StoryCancelled) or current.letter or current.generation != letter.generation:
        return None
    return f"its story was cancelled by {current.by}; `gt-dlq restore` makes it a dead letter again"


def stale_reason(
    letter: StoryMessage,
    current: Mapping[StoryKey, StoryEvent],
    done: Mapping[StoryKey, RunKey],
    pruned: Collection[str] = (),
) -> str | None:
    """Return why a letter must not be handled; None when it is fresh.

    Parameters:
        current: the events that decide the stories' status, from the ledger
        done: the newest letter of each story that this command has handled
        pruned: batches that `gt-prune --failed` has given up; the ledger would drop the events of a replay
    """
    if letter.batch_id in pruned:
        return "its batch was removed by gt-prune --failed"
    key = (letter.batch_id, letter.story_id)
    if run_key(letter) <= done.get(key, (0, 0, 0)):
        return "another copy of this dead letter has just been handled"
    return why_stale(letter, current.get(key))


class CurrentEvents:
    """Reads the events that decide the status of stories, for a group of letters at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lost = False
        self.pruned: frozenset[str] = frozenset()

    def forget(self) -> None:
        """Try the ledger again, if it could not be read."""
        self._lost = False

    async def of(self, letters: Iterable[StoryMessage]) -> Mapping[StoryKey, StoryEvent]:
        """Return the events of the letters' stories, and note their pruned batches in `pruned`.

        There are none if the ledger cannot be read.
        """
        keys = {(letter.batch_id, letter.story_id) for letter in letters}
        if self._lost or not keys:
            return {}
        try:
            batches = {batch for batch, _ in keys}
            self.pruned = await asyncio.to_thread(pruned_batches, self._settings, batches)
            return await asyncio.to_thread(current_events, self._settings, keys)
        except (LedgerUnreachableError, CredentialsRefusedError) as error:
            self._lost = True
            log.warning("ledger_read_failed", error=str(error), effect="stale copies count as dead letters")
            return {}
