"""Sets of letters, and what is known of stories, that take little memory for hundreds of thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, MutableSet
from typing import Generic, TypeVar

from gt_consumer.deadletters.ledger_view import LetterKey, StoryKey

Known = TypeVar("Known")


class LetterSet(MutableSet[LetterKey]):
    """Keys of letters; most share batch and generation, so that only story ids are kept for each."""

    def __init__(self, keys: Iterable[LetterKey] = ()) -> None:
        self._stories: dict[tuple[str, int], set[str]] = {}
        for key in keys:
            self.add(key)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, tuple):
            return False
        batch, story, generation = key
        return story in self._stories.get((batch, generation), ())

    def __iter__(self) -> Iterator[LetterKey]:
        for (batch, generation), stories in self._stories.items():
            for story in stories:
                yield batch, story, generation

    def __len__(self) -> int:
        return sum(map(len, self._stories.values()))

    def __bool__(self) -> bool:
        return any(self._stories.values())

    def add(self, key: LetterKey) -> None:
        """Add a letter."""
        batch, story, generation = key
        self._stories.setdefault((batch, generation), set()).add(story)

    def discard(self, key: LetterKey) -> None:
        """Remove a letter if it is there."""
        batch, story, generation = key
        self._stories.get((batch, generation), set()).discard(story)


class OfStories(MutableMapping[StoryKey, Known], Generic[Known]):
    """Something for each of many stories; equal values are kept once."""

    def __init__(self) -> None:
        self._batches: dict[str, dict[str, Known]] = {}
        self._values: dict[Known, Known] = {}

    def __getitem__(self, key: StoryKey) -> Known:
        batch, story = key
        return self._batches[batch][story]

    def __setitem__(self, key: StoryKey, value: Known) -> None:
        batch, story = key
        self._batches.setdefault(batch, {})[story] = self._values.setdefault(value, value)

    def __delitem__(self, key: StoryKey) -> None:
        batch, story = key
        del self._batches[batch][story]

    def __iter__(self) -> Iterator[StoryKey]:
        for batch, stories in self._batches.items():
            for story in stories:
                yield batch, story

    def __len__(self) -> int:
        return sum(map(len, self._batches.values()))
