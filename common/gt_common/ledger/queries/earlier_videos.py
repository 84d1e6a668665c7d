"""Queries for earlier videos: the latest one of a story, and how long videos took."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from gt_common.ledger.queries.known_posts import canonical_of
from gt_common.ledger.rows import chunks, read_succeeded
from gt_common.ledger.schema import stories
from gt_common.lifecycle import StoryStatus
from gt_common.messages import StorySucceeded

_MADE = stories.c.status == StoryStatus.SUCCESS.value


def read_made(connection: Connection, canonicals: Collection[str]) -> dict[str, StorySucceeded]:
    """Return the latest success of each story that has one, by canonical URL.

    Stories are stored by their URL as given, so each is converted to its canonical form first.
    """
    wanted = frozenset(canonicals)
    places: dict[str, str] = {}
    query = select(stories.c.url, stories.c.event_id).where(_MADE).order_by(stories.c.at)
    for url, event_id in connection.execute(query):
        # A local story is stored in its canonical form; computing it would access the disk.
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
    """Return how many seconds the latest videos took; videos that were only reused are left out."""
    query = select(stories.c.event).where(_MADE).order_by(stories.c.at.desc()).limit(limit)
    took = (read_succeeded(body).duration_s for body in connection.execute(query).scalars())
    return [seconds for seconds in took if seconds]
