"""The stories that a list names again, packed: a list may be one story a million times."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import overload

from gt_common.stories.story import Story, StoryTable, split_place

Repeat = tuple[Story, Story]
"""A story that was named again, and the entry that counts."""


class Repeats(Sequence[Repeat]):
    """Stories that were named again, in their order. Each is unpacked whenever it is read."""

    def __init__(self) -> None:
        self._again = StoryTable()
        self._firsts = StoryTable()
        self._numbers = array("L")
        self._last: Story | None = None

    def add(self, story: Story, first: Story) -> None:
        """Add a story, and the entry of it that counts."""
        if story == replace(first, place=story.place):
            self._again.append_plain("", "", *split_place(story.place))
        else:
            self._again.append(story)
        # Many in a row are often of the same story.
        if self._last != first:
            self._firsts.append(first)
            self._last = first
        self._numbers.append(len(self._firsts) - 1)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Repeat: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Repeat, ...]: ...
    def __getitem__(self, index: int | slice) -> Repeat | tuple[Repeat, ...]:
        """Return one, or some as a tuple."""
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        at = range(len(self))[index]
        again, first = self._again[at], self._firsts[self._numbers[at]]
        return (again if again.url else replace(first, place=again.place)), first
