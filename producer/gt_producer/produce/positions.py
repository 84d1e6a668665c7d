"""Positions of stories: the ids that have them, and sets of them as short texts."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping

from gt_common.messages import MAX_ORDINAL

_ID = re.compile(r"[0-9a-f]{16}")
_ID_DIGITS = 16


class Positions(Mapping[str, int]):
    """The positions of stories by their ids; takes 8 bytes a story as long as it is asked in their order."""

    def __init__(self, entries: Iterable[tuple[str, int]] = ()) -> None:
        self._ids = array("Q", [0])  # by position; 0 where there is no story
        self._count = 0
        self._next = 1
        self._index: dict[int, int] | None = None
        for story_id, position in entries:
            self.add(story_id, position)

    @property
    def last(self) -> int:
        """The greatest position; 0 without stories."""
        return len(self._ids) - 1

    def add(self, story_id: str, position: int) -> bool:
        """Add a story; return False if its id is not that of a story, or id or position are taken."""
        # A higher position cannot be published; earlier versions listed it and failed after that.
        if not _ID.fullmatch(story_id) or not 1 <= position <= MAX_ORDINAL or story_id in self:
            return False
        if position > self.last:
            self._ids.frombytes(bytes((position - self.last) * self._ids.itemsize))
        if self._ids[position]:
            return False
        self._ids[position] = int(story_id, 16)
        self._count += 1
        if self._index is not None:
            self._index[self._ids[position]] = position
        return True

    def add_run(self, first: int, text: str) -> bool:
        """Add stories with consecutive positions; return False if one is taken or the ids are not sound.

        Parameters:
            text: their ids as `ids_text` returns them
        """
        count, rest = divmod(len(text), _ID_DIGITS)
        if first <= self.last or rest or not count or first + count - 1 > MAX_ORDINAL:
            return False
        try:
            ids = array("Q", bytes.fromhex(text))
        except ValueError:
            return False
        if len(ids) != count:
            return False
        if sys.byteorder == "little":
            ids.byteswap()
        self._ids.frombytes(bytes((first - self.last - 1) * self._ids.itemsize))
        self._ids.extend(ids)
        self._count += count - ids.count(0)
        self._index = None
        return True

    def run(self, count: int) -> array[int] | None:
        """Return the ids at the positions 1 to `count` as numbers; None if one of them is missing."""
        ids = self._ids[1 : count + 1]
        return ids if len(ids) == count and 0 not in ids else None

    def at(self, position: int) -> int | None:
        """Return the id of the story at a position, as a number."""
        return (self._ids[position] or None) if 1 <= position <= self.last else None

    def taken(self) -> PositionSet:
        """Return all positions with a story."""
        return PositionSet.of_flags(map(bool, self._ids))

    def __getitem__(self, story_id: str) -> int:
        """Return the position of a story."""
        if not _ID.fullmatch(story_id):
            raise KeyError(story_id)
        number = int(story_id, 16)
        if number and self.at(self._next) == number:
            self._next += 1
            return self._next - 1
        if self._index is None:
            self._index = {number: position for position, number in enumerate(self._ids) if number}
        position = self._index[number]
        self._next = position + 1
        return position

    def __len__(self) -> int:
        """Return the number of stories."""
        return self._count

    def __iter__(self) -> Iterator[str]:
        """Yield the ids in the order of their positions."""
        return (f"{number:016x}" for number in self._ids if number)


def ids_text(ids: array[int]) -> str:
    """Format ids in the form of `Positions.add_run`."""
    copied = array("Q", ids)
    if sys.byteorder == "little":
        copied.byteswap()
    return copied.tobytes().hex()


class PositionSet:
    """A set of positions; takes a byte for each position up to the greatest."""

    def __init__(self, positions: Iterable[int] = ()) -> None:
        self._flags = bytearray()
        self._count = 0
        for position in positions:
            self.add(position)

    @classmethod
    def of_flags(cls, flags: Iterable[bool]) -> PositionSet:
        """Return the set that has a flag for each position, from 0."""
        made = cls()
        made._flags = bytearray(flags)
        made._count = sum(made._flags)
        return made

    def add(self, position: int) -> None:
        """Add a position from 1 to the greatest that a message can have; others are left out."""
        if not 1 <= position <= MAX_ORDINAL:
            return
        if position >= len(self._flags):
            self._flags.extend(bytes(position + 1 - len(self._flags)))
        self._count += not self._flags[position]
        self._flags[position] = 1

    def add_ranges(self, text: str) -> None:
        """Add what `ranges_text` has written; a part of another form is left out."""
        for part in text.split(","):
            first, _, last = part.partition("-")
            if first.isdecimal() and (last or first).isdecimal() and len(part) <= 15:
                for position in range(int(first), min(int(last or first), MAX_ORDINAL) + 1):
                    self.add(position)

    def forget_from(self, first: int) -> None:
        """Remove all positions from this one on."""
        del self._flags[max(0, first) :]
        self._count = sum(self._flags)

    def count_outside(self, *others: PositionSet) -> int:
        """Return how many positions are in none of the other sets."""
        bits = self.bits()
        for other in others:
            bits &= ~other.bits()
        return bits.bit_count()

    def bits(self) -> int:
        """Return the set as a number that has a byte for each position, 1 if it is in the set."""
        return int.from_bytes(self._flags, "little")

    def __contains__(self, position: int) -> bool:
        """Whether a position is in the set."""
        return position < len(self._flags) and bool(self._flags[position])

    def __len__(self) -> int:
        """Return the number of positions."""
        return self._count


def ranges_text(positions: Iterable[int]) -> str:
    """Format positions as ranges, such as `1-120,125`."""
    parts: list[str] = []
    first = last = 0
    for position in (*sorted(positions), 0):
        if first and position == last + 1:
            last = position
            continue
        if first:
            parts.append(f"{first}-{last}" if last > first else f"{first}")
        first = last = position
    return ",".join(parts)
