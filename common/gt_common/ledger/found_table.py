"""What was found about stories of a list, packed: of a million it takes some 60 MB instead of 2 GB."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, overload

from gt_common.stories import Story

Shared = TypeVar("Shared")
"""What is the same for many stories, such as the batch and the folder of their videos; hashable."""
Found = TypeVar("Found")


class FoundTable(Sequence[Found], Generic[Shared, Found]):
    """Something about some stories of a list, in its order. Each is unpacked whenever it is read.

    Parameters:
        make: makes one of its story, of what it shares with others, and of its own text
    """

    def __init__(self, stories: Sequence[Story], make: Callable[[Story, Shared, str], Found]) -> None:
        self._stories = stories
        self._make = make
        self._numbers = array("L")
        self._index: dict[Shared, int] = {}
        self._all_shared: list[Shared] = []
        self._shared = array("L")
        self._texts = bytearray()
        self._ends = array("Q", [0])

    def add(self, number: int, shared: Shared, text: str = "") -> None:
        """Add something about a story.

        Parameters:
            number: of the story in the list, from 0
        """
        index = self._index.setdefault(shared, len(self._index))
        if index == len(self._all_shared):
            self._all_shared.append(shared)
        self._numbers.append(number)
        self._shared.append(index)
        self._texts += text.encode(errors="surrogatepass")
        self._ends.append(len(self._texts))

    def __len__(self) -> int:
        """Return for how many stories there is something."""
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Found: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Found, ...]: ...
    def __getitem__(self, index: int | slice) -> Found | tuple[Found, ...]:
        """Return one, or some as a tuple."""
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        at = range(len(self))[index]
        text = self._texts[self._ends[at] : self._ends[at + 1]].decode(errors="surrogatepass")
        return self._make(self._stories[self._numbers[at]], self._all_shared[self._shared[at]], text)
