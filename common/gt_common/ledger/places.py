"""Where a ledger has the videos of a list's stories, in little memory."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable

_ID = re.compile(r"[0-9a-f]{16}")


class Places:
    """Batch and id of each success of a list's stories, by canonical URL; 28 bytes each.

    `pruned` is whether the ledger has also stories of pruned batches, whose places are not here.
    """

    def __init__(self) -> None:
        self.pruned = False
        self._batches: list[str] = []
        self._hashes = array("q")  # of the canonical URLs
        self._batch = array("L")
        self._ids = array("Q")
        self._unusual: dict[int, str] = {}
        self._sorted: tuple[array[int], array[int]] | None = None

    def add(self, canonical: str, batch_id: str, story_id: str) -> None:
        """Add a success; those of one batch have to come together."""
        if not self._batches or self._batches[-1] != batch_id:
            self._batches.append(batch_id)
        if not _ID.fullmatch(story_id):  # of another program
            self._unusual[len(self._ids)] = story_id
        self._hashes.append(hash(canonical))
        self._batch.append(len(self._batches) - 1)
        self._ids.append(0 if len(self._ids) in self._unusual else int(story_id, 16))
        self._sorted = None

    def __len__(self) -> int:
        """Return the number of successes."""
        return len(self._hashes)

    def of(self, canonicals: Iterable[str]) -> dict[str, list[str]]:
        """Return the ids of the successes of these stories by batch; some may be of other stories."""
        found: dict[str, list[str]] = {}
        if not self._hashes:
            return found
        hashes, order = self._in_order()
        for canonical in canonicals:
            wanted = hash(canonical)
            at = bisect_left(hashes, wanted)
            while at < len(hashes) and hashes[at] == wanted:
                row = order[at]
                story_id = self._unusual.get(row) or f"{self._ids[row]:016x}"
                found.setdefault(self._batches[self._batch[row]], []).append(story_id)
                at += 1
        return found

    def _in_order(self) -> tuple[array[int], array[int]]:
        if self._sorted is None:
            order = array("L", sorted(range(len(self._hashes)), key=self._hashes.__getitem__))
            self._sorted = array("q", map(self._hashes.__getitem__, order)), order
        return self._sorted
