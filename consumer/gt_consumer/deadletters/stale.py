"""Decides whether a dead letter is a stale copy that can be removed."""

from __future__ import annotations

from collections.abc import Mapping

from gt_common.messages import StoryCancelled, StoryEvent, StoryMessage, StorySucceeded
from gt_consumer.deadletters.ledger_view import StoryKey

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
