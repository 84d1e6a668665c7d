"""Queries for earlier videos and stories that are being made, and how long videos took.

Plain SQL, as gt-produce, which compares each list with earlier batches, must be quick to start. Stories are
stored by their URL as given, so each is converted to its canonical form first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from gt_common.ledger.places import Places
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
_ROWS_AT_ONCE: Final = 10_000
_LOOKED_AT: Final = 20
"""How many times as many videos are looked at as wanted: a large ledger is not gone through."""


def read_places(plain: Plain, wanted: Container[str]) -> Places:
    """Return where the successes of stories are that are not pruned.

    Parameters:
        wanted: the canonical URLs of the stories
    """
    places = Places()
    spans = "SELECT batch_id, min(position), max(position) FROM gt_stories WHERE status = ? GROUP BY batch_id"
    # In parts, as PostgreSQL sends the answer to a statement as a whole.
    query = (
        "SELECT url, story_id FROM gt_stories "
        "WHERE status = ? AND batch_id = ? AND position >= ? AND position < ?"
    )
    for batch_id, first, last in list(plain.rows(spans, _MADE)):
        for start in range(first, last + 1, _ROWS_AT_ONCE):
            for url, story_id in plain.rows(query, _MADE, batch_id, start, start + _ROWS_AT_ONCE):
                canonical = canonical_of(url)
                if canonical is not None and canonical in wanted:
                    places.add(canonical, batch_id, story_id)
    # Last, so that what gt-prune has moved meanwhile is looked for there.
    places.pruned = any(True for _ in plain.rows("SELECT 1 FROM gt_pruned_stories LIMIT 1"))
    return places


def read_made(
    plain: Plain, canonicals: Collection[str], places: Places | None = None
) -> dict[str, list[EarlierVideo]]:
    """Return the successes of each story that has one, in any batch, newest first, by canonical URL.

    Parameters:
        places: of a list with these stories; None to look for them
    """
    wanted = frozenset(canonicals)
    places = read_places(plain, wanted) if places is None else places
    story_ids = places.of(wanted)
    if not story_ids and not places.pruned:
        return {}
    found = _read_successes(plain, wanted, story_ids)
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


def _read_successes(
    plain: Plain, wanted: frozenset[str], story_ids: Mapping[str, Sequence[str]]
) -> defaultdict[str, list[StorySucceeded]]:
    """Return the successes in batches that are not pruned, by canonical URL.

    Parameters:
        story_ids: where they are, by batch
    """
    found: defaultdict[str, list[StorySucceeded]] = defaultdict(list)
    for batch_id, of_batch in story_ids.items():
        for ids in parts(of_batch):
            query = (
                "SELECT url, status, event FROM gt_stories "  # noqa: S608 - only marks
                f"WHERE batch_id = ? AND story_id IN ({marks(ids)})"
            )
            for url, status, body in plain.rows(query, batch_id, *ids):
                canonical = canonical_of(url)
                # A story can have been replayed since its place was read.
                if status == _MADE and canonical is not None and canonical in wanted:
                    found[canonical].append(read_succeeded(body))
    return found


def read_unfinished(plain: Plain, wanted: Container[str]) -> list[UnfinishedStory]:
    """Return the stories with one of these canonical URLs that are not final, oldest batch first."""
    query = f"""
        SELECT DISTINCT s.batch_id, b.since, b.opened
        FROM gt_stories s JOIN gt_batches b ON b.batch_id = s.batch_id
        WHERE s.status IN ({marks(_OPEN)})
        ORDER BY b.since, s.batch_id
    """  # noqa: S608 - only marks
    stories = f"SELECT url, status FROM gt_stories WHERE status IN ({marks(_OPEN)}) AND batch_id = ?"  # noqa: S608
    found = []
    for batch_id, _, opened in list(plain.rows(query, *_OPEN)):
        batch = read_opened(opened)
        made_by = batch.made_by if batch else None
        for url, status in plain.rows(stories, *_OPEN, batch_id):
            canonical = canonical_of(url)
            if canonical is not None and canonical in wanted:
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
