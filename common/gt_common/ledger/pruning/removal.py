"""The steps of pruning a batch; each is one transaction of the ledger's only writer.

First the tombstone is committed: from then on the batch is gone for readers, and nobody can replay it. Its
rows follow in small groups, so that an aggregator between them waits for one group only. The next run
continues where a tombstone is not complete.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Table, delete, insert, select, tuple_, update

from gt_common.ledger.counts import note_version
from gt_common.ledger.plain import SqlAlchemyPlain
from gt_common.ledger.pruning.candidates import Age, OldBatch, is_as
from gt_common.ledger.queries.batches import is_known
from gt_common.ledger.queries.tombstones import url_key
from gt_common.ledger.schema import batches, metadata, pruned, pruned_stories, stories
from gt_common.ledger.stored import read_succeeded
from gt_common.lifecycle import StoryStatus
from gt_common.stories.urls import canonical_of

_KEPT_OF_SUCCESS: Final = {
    "v",
    "type",
    "event_id",
    "batch_id",
    "at",
    "story_id",
    "position",
    "url",
    "generation",
    "attempt",
    "output_path",
    "made_from",
}
_TOMBS: Final = {pruned.name, pruned_stories.name}
TABLES: Final = tuple(
    table
    for table in metadata.sorted_tables
    if "batch_id" in table.c and table.name not in {*_TOMBS, batches.name, stories.name}
)
"""The tables with rows of a batch, besides itself and its stories: also those of later versions."""


def claim(connection: Connection, planned: OldBatch, age: Age) -> bool:
    """Write the tombstone of a batch that may be pruned; return False if it has changed since it was read.

    Other writers wait meanwhile, so its events are not read again: one that changes nothing may have arrived.
    """
    plain = SqlAlchemyPlain(connection)
    if planned.kept or not is_known(plain, planned.batch_id) or not is_as(plain, planned, age):
        return False
    connection.execute(
        insert(pruned).values(
            batch_id=planned.batch_id,
            pruned_at=age.now,
            state=planned.phase.value,
            total=planned.total,
            successful=planned.counts[StoryStatus.SUCCESS],
            failed=planned.counts[StoryStatus.FAILED],
            cancelled=planned.counts[StoryStatus.CANCELLED],
            complete=False,
            late=0,
        )
    )
    # Programs that watch the ledger look again.
    note_version(connection)
    return True


def delete_rows(table: Table, batch_id: str, most: int, connection: Connection) -> int:
    """Delete some rows of a batch; return how many there were."""
    key = tuple_(*table.primary_key)
    some = select(*table.primary_key).where(table.c.batch_id == batch_id).limit(most)
    return connection.execute(delete(table).where(key.in_(some))).rowcount


def bury_stories(batch_id: str, most: int, connection: Connection) -> int:
    """Move some stories of a batch to those of pruned batches; return how many there were."""
    columns = (stories.c.story_id, stories.c.url, stories.c.status, stories.c.event)
    query = select(*columns).where(stories.c.batch_id == batch_id).limit(most)
    rows = connection.execute(query).all()
    lines = []
    for story_id, url, status, event in rows:
        canonical = canonical_of(url)
        if canonical is not None:
            made = status == StoryStatus.SUCCESS.value
            lines.append(
                {
                    "url_key": url_key(canonical),
                    "batch_id": batch_id,
                    "story_id": story_id,
                    "event": _shortened(event) if made else None,
                }
            )
    if lines:
        connection.execute(insert(pruned_stories), lines)
    if rows:
        ids = [row.story_id for row in rows]
        of_batch = stories.c.batch_id == batch_id
        connection.execute(delete(stories).where(of_batch, stories.c.story_id.in_(ids)))
    return len(rows)


def complete(connection: Connection, batch_id: str) -> bool:
    """Delete the row of a batch itself, and note that; return False if events have arrived meanwhile."""
    for table in (*TABLES, stories):
        if connection.execute(select(table.c.batch_id).where(table.c.batch_id == batch_id).limit(1)).first():
            return False
    connection.execute(delete(batches).where(batches.c.batch_id == batch_id))
    connection.execute(update(pruned).where(pruned.c.batch_id == batch_id).values(complete=True))
    note_version(connection)
    return True


def note_videos_removed(connection: Connection, batch_id: str, now: datetime) -> None:
    """Note in a tombstone that the videos are gone; the first time counts."""
    first = (pruned.c.batch_id == batch_id, pruned.c.videos_removed_at.is_(None))
    connection.execute(update(pruned).where(*first).values(videos_removed_at=now))


def _shortened(event: str) -> str:
    """Return a success with what a comparison of lists needs."""
    return read_succeeded(event).model_dump_json(include=_KEPT_OF_SUCCESS, exclude_none=True)
