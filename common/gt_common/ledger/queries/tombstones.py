"""What is left of pruned batches: one tombstone per batch, and one line per story."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from gt_common.errors import NoSuchBatchError
from gt_common.ledger.plain import Plain, Row, marks, parts, utc
from gt_common.messages.statuses import BatchPhase

if TYPE_CHECKING:
    from gt_common.ledger.views import Tombstone

NOT_PRUNED: Final = "batch_id NOT IN (SELECT batch_id FROM gt_pruned)"
"""Condition on a batch: one that is being pruned is gone as a whole, although its rows go piece by piece."""
_TOMBSTONE: Final = (
    "SELECT batch_id, pruned_at, state, total, successful, failed, cancelled, complete, videos_removed_at, "
    "late FROM gt_pruned"
)


def url_key(canonical: str) -> str:
    """Return the key under which the stories of pruned batches are found, of a canonical URL."""
    return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()[:32]


def read_tombstones(plain: Plain, batch_ids: Collection[str]) -> dict[str, Tombstone]:
    """Return the tombstones of those of these batches that were pruned."""
    found = {}
    for ids in parts(batch_ids):
        for row in plain.rows(f"{_TOMBSTONE} WHERE batch_id IN ({marks(ids)})", *ids):
            found[row[0]] = _tombstone(row)
    return found


def read_incomplete(plain: Plain) -> list[Tombstone]:
    """Return the tombstones of batches that still have rows: a gt-prune works on them, or was stopped."""
    rows = plain.rows(f"{_TOMBSTONE} WHERE NOT complete ORDER BY pruned_at, batch_id")
    return [_tombstone(row) for row in rows]


def check_not_pruned(plain: Plain, batch_id: str) -> None:
    """Check that a batch was not pruned.

    Raises:
        NoSuchBatchError: it was; the message says when, and how it ended
    """
    for tombstone in read_tombstones(plain, [batch_id]).values():
        raise NoSuchBatchError(tombstone.said)


def read_pruned_stories(plain: Plain, canonicals: Collection[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the stories of pruned batches that have one of these canonical URLs.

    Yields:
        the canonical URL, and for a success its event as JSON
    """
    by_key = {url_key(canonical): canonical for canonical in canonicals}
    if not by_key or not list(plain.rows("SELECT 1 FROM gt_pruned_stories LIMIT 1")):
        return
    for keys in parts(by_key):
        query = f"SELECT url_key, event FROM gt_pruned_stories WHERE url_key IN ({marks(keys)})"  # noqa: S608
        for key, event in plain.rows(query, *keys):
            yield by_key[key], event


def _tombstone(row: Row) -> Tombstone:
    from gt_common.ledger.views import Tombstone  # pruned batches are rare

    batch_id, pruned_at, state, total, successful, failed, cancelled, complete, videos, late = row
    when = utc(pruned_at)
    if when is None:
        raise ValueError(f"the tombstone of batch {batch_id} has no time")
    return Tombstone(
        batch_id=batch_id,
        pruned_at=when,
        phase=BatchPhase(state),
        total=total,
        successful=successful,
        failed=failed,
        cancelled=cancelled,
        complete=bool(complete),
        videos_removed_at=utc(videos),
        late=late,
    )
