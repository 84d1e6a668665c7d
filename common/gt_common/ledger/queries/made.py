"""What was made before: the video of a story, in whichever batch, and how long videos took."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from gt_common.ledger.queries.known import canonical_of
from gt_common.ledger.rows import chunks, read_succeeded
from gt_common.ledger.schema import stories
from gt_common.lifecycle import StoryStatus
from gt_common.messages import StorySucceeded

_MADE = stories.c.status == StoryStatus.SUCCESS.value


def read_made(connection: Connection, canonicals: Collection[str]) -> dict[str, StorySucceeded]:
    """Give the latest success of each story, by canonical URL; stories without one are missing.

    Stories are stored by the URL that was given, in any of its forms: each is brought to its canonical one.
    """
    wanted = frozenset(canonicals)
    places: dict[str, str] = {}
    query = select(stories.c.url, stories.c.event_id).where(_MADE).order_by(stories.c.at)
    for url, event_id in connection.execute(query):
        # A local story is stored by its canonical form; to compute it would ask the disk.
        canonical = url if url.startswith("file:") else canonical_of(url)
        if canonical in wanted:
            places[event_id] = canonical
    found: dict[str, StorySucceeded] = {}
    for ids in chunks(list(places)):
        bodies = select(stories.c.event).where(stories.c.event_id.in_(ids)).order_by(stories.c.at)
        for body in connection.execute(bodies).scalars():
            event = read_succeeded(body)
            found[places[event.event_id]] = event
    return found


def read_durations(connection: Connection, limit: int) -> list[float]:
    """Give the seconds that the latest videos took to make; those that were only found again took none."""
    query = select(stories.c.event).where(_MADE).order_by(stories.c.at.desc()).limit(limit)
    took = (read_succeeded(body).duration_s for body in connection.execute(query).scalars())
    return [seconds for seconds in took if seconds]
