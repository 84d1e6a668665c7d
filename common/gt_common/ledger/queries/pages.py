"""Queries for pages: some of the batches, some of the stories of one, and what happened to a story.

A page of stories is found through the index `gt_stories_by_status`, status by status, in a batch of any size;
only a search for words reads the stories themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from gt_common.ledger.plain import Plain
from gt_common.ledger.queries.batches import STORY, read_head, read_summaries, state_of
from gt_common.ledger.stored import read_event
from gt_common.ledger.views import BatchSummary
from gt_common.lifecycle import StoryState, StoryStatus

if TYPE_CHECKING:
    from gt_common.messages import Event

READING_ORDER: Final = (
    StoryStatus.FAILED,
    StoryStatus.RETRYING,
    StoryStatus.RUNNING,
    StoryStatus.SUCCESS,
    StoryStatus.QUEUED,
    StoryStatus.CANCELLED,
)
"""Failures first, then what moves, then what is done: the order in which people read a batch."""
_AT_ONCE: Final = 50
_STORY_EVENTS: Final = "type LIKE 'story.%'"


@dataclass(frozen=True)
class BatchFilter:
    """Which batches are listed.

    Parameters:
        text: part of an id, a name or a tag; case does not matter
        tags: tags that a batch must have, with these values
        state: `open`, `done`, `done_with_failures` or `paused`; empty for all
    """

    text: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    state: str = ""

    def matches(self, batch: BatchSummary) -> bool:
        """Whether a batch is listed."""
        words = (batch.batch_id, batch.name or "", *(f"{key}={value}" for key, value in batch.tags.items()))
        found = not self.text or any(self.text.casefold() in word.casefold() for word in words)
        tagged = all(batch.tags.get(key) == value for key, value in self.tags.items())
        state = "paused" if self.state == "paused" and batch.paused else batch.phase.value
        return found and tagged and (not self.state or state == self.state)


@dataclass(frozen=True)
class StoryFilter:
    """Which stories of a batch are listed.

    Parameters:
        status: None for all
        text: part of a title, a URL, an id, or of what happened last, such as an error or a worker
        group: fingerprint of the failure; only failed stories have one
    """

    status: StoryStatus | None = None
    text: str = ""
    group: str = ""


def read_batch_page(plain: Plain, wanted: BatchFilter, skip: int, limit: int) -> list[BatchSummary]:
    """Return some of the batches that are wanted, newest first."""
    found = (batch for batch in _all_batches(plain) if wanted.matches(batch))
    return list(islice(found, skip, skip + limit))


def _all_batches(plain: Plain) -> Iterator[BatchSummary]:
    """Yield all batches, newest first; they are counted a few at a time."""
    start = 0
    while summaries := read_summaries(plain, _AT_ONCE, start):
        yield from summaries
        start += _AT_ONCE


def read_story_page(
    plain: Plain, batch_id: str, wanted: StoryFilter, skip: int, limit: int
) -> list[StoryState]:
    """Return some of the stories of a batch that are wanted, failures first, each status in list order.

    Raises:
        NoSuchBatchError: the ledger has no event of the batch
    """
    read_head(plain, batch_id)
    condition, given = _condition(plain, wanted)
    found: list[StoryState] = []
    for status in _statuses(wanted):
        if len(found) == limit:
            break
        where = f"FROM gt_stories WHERE status = ? AND batch_id = ?{condition}"
        keys = (status.value, batch_id, *given)
        if skip:
            [[size]] = plain.rows(f"SELECT count(*) {where}", *keys)
            if size <= skip:
                skip -= size
                continue
        query = f"SELECT {STORY} {where} ORDER BY position, story_id LIMIT ? OFFSET ?"
        found += [state_of(row) for row in plain.rows(query, *keys, limit - len(found), skip)]
        skip = 0
    return found


def _statuses(wanted: StoryFilter) -> tuple[StoryStatus, ...]:
    if wanted.group:
        return (StoryStatus.FAILED,) if wanted.status in {None, StoryStatus.FAILED} else ()
    return READING_ORDER if wanted.status is None else (wanted.status,)


def _condition(plain: Plain, wanted: StoryFilter) -> tuple[str, list[str]]:
    """Return the condition for what no index knows, and its values."""
    condition, given = "", []
    if wanted.group:
        condition += f" AND {plain.json_text('event', 'failure', 'fingerprint')} = ?"
        given.append(wanted.group)
    if wanted.text:
        columns = ("title", "url", "story_id", "event")
        likes = (f"lower({column}) LIKE ? ESCAPE '!'" for column in columns)
        condition += f" AND ({' OR '.join(likes)})"
        text = wanted.text.lower()
        for special in "!%_":
            text = text.replace(special, f"!{special}")
        given += [f"%{text}%"] * len(columns)
    return condition, given


def read_story_events(plain: Plain, batch_id: str, story_id: str) -> list[Event]:
    """Return what happened to a story, oldest first."""
    query = (
        f"SELECT body FROM gt_events WHERE batch_id = ? AND {_STORY_EVENTS} AND story_id = ? "  # noqa: S608
        "ORDER BY at, event_id"
    )
    return [read_event(row[0]) for row in plain.rows(query, batch_id, story_id)]
