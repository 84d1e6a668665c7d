"""Which stories operators have cancelled, in eight bytes each: the notices of years stay in memory."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from gt_common.messaging.control.notices import CANCELLED_AT_ONCE, CancelNotice


@dataclass(frozen=True)
class Cancellation:
    """Who cancelled a story, when and why, and what becomes of an attempt that runs.

    Parameters:
        running: `stop` ends its processes; with `finish` the attempt ends by itself and is not repeated
    """

    at: datetime
    by: str
    reason: str | None
    running: Literal["stop", "finish"]

    def notices(self, batch_id: str, stories: Sequence[tuple[str, int]]) -> Iterator[CancelNotice]:
        """Yield the notices by which workers know it.

        Parameters:
            stories: pairs of story id and generation
        """
        for start in range(0, len(stories), CANCELLED_AT_ONCE):
            yield CancelNotice(
                at=self.at,
                by=self.by,
                reason=self.reason,
                batch_id=batch_id,
                stories=tuple(stories[start : start + CANCELLED_AT_ONCE]),
                running=self.running,
            )


class CancelledStories:
    """The pairs of story and generation that the notices named; adding a notice again changes nothing.

    A pair is kept as a hash of 64 bits, sorted by notice. Among a million pairs of a batch, one that was not
    cancelled is taken for one that was with a probability of 1 in 10^13.
    """

    def __init__(self) -> None:
        self._batches: dict[str, dict[Cancellation, list[array[int]]]] = {}

    def add(self, notice: CancelNotice) -> None:
        """Add the stories of a notice."""
        order = Cancellation(notice.at, notice.by, notice.reason, notice.running)
        keys = array("Q", sorted(_key(story, generation) for story, generation in notice.stories))
        known = self._batches.setdefault(notice.batch_id, {}).setdefault(order, [])
        if keys not in known:
            known.append(keys)

    def find(self, batch_id: str, story_id: str, generation: int) -> Cancellation | None:
        """Return the cancellation of a story, None if it is not cancelled.

        Of several the latest, which also counts in the ledger; `stop` if one of them stops it.
        """
        orders = self._batches.get(batch_id)
        if orders is None:
            return None
        key = _key(story_id, generation)
        found = [order for order, parts in orders.items() if any(_contains(part, key) for part in parts)]
        if not found:
            return None
        latest = max(found, key=lambda order: order.at)
        stops = any(order.running == "stop" for order in found)
        return replace(latest, running="stop") if stops else latest


def _key(story_id: str, generation: int) -> int:
    digest = hashlib.blake2b(f"{generation} {story_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest)


def _contains(keys: array[int], key: int) -> bool:
    place = bisect_left(keys, key)
    return place < len(keys) and keys[place] == key
