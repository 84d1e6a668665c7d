"""Queries for earlier videos and stories that are being made, and how long videos took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, select

from gt_common.ledger.queries.known_posts import canonical_of
from gt_common.ledger.rows import chunks, read_opened, read_succeeded
from gt_common.ledger.schema import batches, stories
from gt_common.ledger.views import UnfinishedStory
from gt_common.lifecycle import StoryStatus
from gt_common.messages import StorySucceeded

_OPEN = [status.value for status in StoryStatus if not status.final]
_MADE = stories.c.status == StoryStatus.SUCCESS.value


def read_made(connection: Connection, canonicals: Collection[str]) -> dict[str, list[StorySucceeded]]:
    """Return the successes of each story that has one, in any batch, newest first, by canonical URL.

    Stories are stored by their URL as given, so each is converted to its canonical form first.
    """
    wanted = frozenset(canonicals)
    places: dict[str, str] = {}
    query = select(stories.c.url, stories.c.event_id).where(_MADE)
    for url, event_id in connection.execute(query):
        canonical = _canonical(url)
        if canonical is not None and canonical in wanted:
            places[event_id] = canonical
    found: dict[str, list[StorySucceeded]] = defaultdict(list)
    for ids in chunks(list(places)):
        for body in connection.execute(select(stories.c.event).where(stories.c.event_id.in_(ids))).scalars():
            event = read_succeeded(body)
            found[places[event.event_id]].append(event)
    return {
        canonical: sorted(made, key=lambda event: (event.at, event.event_id), reverse=True)
        for canonical, made in found.items()
    }


def read_unfinished(connection: Connection, canonicals: Collection[str]) -> list[UnfinishedStory]:
    """Return the stories with one of these canonical URLs that are not final, oldest batch first."""
    wanted = frozenset(canonicals)
    query = (
        select(stories.c.url, stories.c.batch_id, stories.c.status, batches.c.opened)
        .join(batches, batches.c.batch_id == stories.c.batch_id)
        .where(stories.c.status.in_(_OPEN))
        .order_by(batches.c.since, stories.c.batch_id)
    )
    found = []
    for url, batch_id, status, opened in connection.execute(query):
        canonical = _canonical(url)
        if canonical is not None and canonical in wanted:
            batch = read_opened(opened)
            made_by = batch.made_by if batch else None
            found.append(UnfinishedStory(canonical, batch_id, StoryStatus(status), made_by))
    return found


def _canonical(url: str) -> str | None:
    # A local story is stored in its canonical form; computing it would access the disk.
    return url if url.startswith("file:") else canonical_of(url)


def read_durations(connection: Connection, limit: int) -> list[float]:
    """Return how many seconds the latest videos took; videos that were only reused are left out."""
    query = select(stories.c.event).where(_MADE).order_by(stories.c.at.desc()).limit(limit)
    took = (read_succeeded(body).duration_s for body in connection.execute(query).scalars())
    return [seconds for seconds in took if seconds]
