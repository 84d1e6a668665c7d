"""Queries for earlier videos and stories that are being made, and how long videos took.

Plain SQL, as gt-produce, which compares each list with earlier batches, must be quick to start. Stories are
stored by their URL as given, so each is converted to its canonical form first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING, Final

from gt_common.ledger.plain import Plain, marks, parts
from gt_common.ledger.queries.tombstones import read_pruned_stories, read_tombstones
from gt_common.ledger.stored import read_opened, read_succeeded
from gt_common.ledger.views import EarlierVideo, UnfinishedStory
from gt_common.messages.statuses import StoryStatus
from gt_common.stories.urls import canonical_of

if TYPE_CHECKING:
    from gt_common.messages import StorySucceeded

_OPEN: Final = tuple(status.value for status in StoryStatus if not status.final)
_MADE: Final = StoryStatus.SUCCESS.value
_LOOKED_AT: Final = 20
"""How many times as many videos are looked at as wanted: a large ledger is not gone through."""


def read_made(plain: Plain, canonicals: Collection[str]) -> dict[str, list[EarlierVideo]]:
    """Return the successes of each story that has one, in any batch, newest first, by canonical URL."""
    wanted = frozenset(canonicals)
    found = _read_successes(plain, wanted)
    for canonical, body in read_pruned_stories(plain, wanted):
        if body is not None:
            found[canonical].append(read_succeeded(body))
    graves = read_tombstones(plain, {event.batch_id for made in found.values() for event in made})
    removed = {name: grave.videos_removed_at for name, grave in graves.items()}
    return {
        canonical: [
            EarlierVideo(event, removed.get(event.batch_id))
            for event in sorted(made, key=lambda event: (event.at, event.event_id), reverse=True)
        ]
        for canonical, made in found.items()
    }


def _read_successes(plain: Plain, wanted: frozenset[str]) -> defaultdict[str, list[StorySucceeded]]:
    """Return the successes in batches that are not pruned, by canonical URL."""
    places: dict[str, str] = {}
    for url, event_id in plain.rows("SELECT url, event_id FROM gt_stories WHERE status = ?", _MADE):
        canonical = canonical_of(url)
        if canonical is not None and canonical in wanted:
            places[event_id] = canonical
    found: defaultdict[str, list[StorySucceeded]] = defaultdict(list)
    for ids in parts(places):
        query = f"SELECT event FROM gt_stories WHERE event_id IN ({marks(ids)})"  # noqa: S608 - only marks
        for (body,) in plain.rows(query, *ids):
            event = read_succeeded(body)
            found[places[event.event_id]].append(event)
    return found


def read_unfinished(plain: Plain, canonicals: Collection[str]) -> list[UnfinishedStory]:
    """Return the stories with one of these canonical URLs that are not final, oldest batch first."""
    wanted = frozenset(canonicals)
    query = f"""
        SELECT s.url, s.batch_id, s.status, b.opened
        FROM gt_stories s JOIN gt_batches b ON b.batch_id = s.batch_id
        WHERE s.status IN ({marks(_OPEN)})
        ORDER BY b.since, s.batch_id
    """  # noqa: S608 - only marks
    found = []
    for url, batch_id, status, opened in plain.rows(query, *_OPEN):
        canonical = canonical_of(url)
        if canonical is not None and canonical in wanted:
            batch = read_opened(opened)
            made_by = batch.made_by if batch else None
            found.append(UnfinishedStory(canonical, batch_id, StoryStatus(status), made_by))
    return found


def read_durations(plain: Plain, limit: int, orchestrator: str | None) -> list[float]:
    """Return how many seconds the latest videos took; videos that were only reused are left out.

    Parameters:
        orchestrator: only its videos count; None for those of all
    """
    query = "SELECT event FROM gt_stories WHERE status = ? ORDER BY at DESC LIMIT ?"
    made = (read_succeeded(body) for (body,) in plain.rows(query, _MADE, limit * _LOOKED_AT))
    took = (
        event.duration_s
        for event in made
        if orchestrator is None or (event.made_from and event.made_from.orchestrator == orchestrator)
    )
    return [*islice((seconds for seconds in took if seconds), limit)]
