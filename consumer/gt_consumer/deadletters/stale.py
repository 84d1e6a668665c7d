"""Telling leftovers from dead letters that still need somebody."""

from __future__ import annotations

from collections.abc import Mapping

from gt_common.messages import StoryCancelled, StoryEvent, StoryMessage, StorySucceeded
from gt_consumer.deadletters.ledger_view import StoryKey

Place = tuple[int, int, int]
"""Generation, attempt and run: a story's letters in their order."""
LAST = 1_000_001
"""Above every attempt and run."""


def place_of(of: StoryMessage | StoryEvent) -> Place:
    """Give where in its story's life a letter or an event stands."""
    return of.generation, of.attempt, of.run


def why_stale(letter: StoryMessage, standing: StoryEvent | None) -> str | None:
    """Say why a letter is a leftover that nobody needs; None when it is not.

    A later generation exists only after its message was confirmed by the broker, a success of the same
    generation means that the video is made, and a discarded letter lies in the ledger: in each case nothing
    is lost with the letter.
    """
    if standing is None:
        return None
    if isinstance(standing, StoryCancelled) and place_of(standing) >= place_of(letter):
        return f"already discarded by {standing.by}; `gt-dlq restore` brings it back"
    if standing.generation > letter.generation:
        return f"already sent on, as generation {standing.generation}"
    if standing.generation == letter.generation and isinstance(standing, StorySucceeded):
        return "already made: the success came later than the dead letter"
    return None


def stale_reason(
    letter: StoryMessage, standing: Mapping[StoryKey, StoryEvent], done: Mapping[StoryKey, Place]
) -> str | None:
    """Say why a letter is not to be handled: the ledger's word, or that this run has handled its twin.

    Parameters:
        done: up to which place this run has handled a story's letters
    """
    key = (letter.batch_id, letter.story_id)
    if place_of(letter) <= done.get(key, (0, 0, 0)):
        return "another copy of this dead letter was handled just now"
    return why_stale(letter, standing.get(key))
