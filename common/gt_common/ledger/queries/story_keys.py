"""The stories of a batch without their events, for commands that act on all of them."""

from __future__ import annotations

from typing import Final, NamedTuple

from gt_common.ledger.plain import Plain
from gt_common.lifecycle import StoryStatus

_OPEN: Final = ", ".join(f"'{status.value}'" for status in StoryStatus if not status.final)


class StoryRef(NamedTuple):
    """A story of a batch, its generation and its status."""

    story_id: str
    generation: int
    status: StoryStatus


def read_story_refs(plain: Plain, batch_id: str, *, only_open: bool) -> list[StoryRef]:
    """Return the stories of a batch, in no particular order.

    Parameters:
        only_open: leave out those that are final
    """
    query = "SELECT story_id, generation, status FROM gt_stories WHERE batch_id = ?"
    if only_open:
        query += f" AND status IN ({_OPEN})"
    statuses = {status.value: status for status in StoryStatus}
    return [
        StoryRef(story_id, generation or 1, statuses[status])
        for story_id, generation, status in plain.rows(query, batch_id)
    ]
