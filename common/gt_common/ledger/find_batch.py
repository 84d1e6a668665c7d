"""Whether the ledger knows a batch."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from gt_common.errors import NoSuchBatchError, UsageError
from gt_common.texts import one_line

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader


def check_known(ledger: LedgerReader, batch_id: str) -> None:
    """Check that the ledger knows a batch.

    Raises:
        NoSuchBatchError: it does not, or not any more; otherwise the message suggests similar ids
    """
    if ledger.knows(batch_id):
        return
    for tombstone in ledger.tombstones([batch_id]).values():
        raise NoSuchBatchError(tombstone.said)
    known = ledger.batch_ids(1000)
    near = [name for name in known if name.startswith(batch_id)][:3] if batch_id else []
    near = near or difflib.get_close_matches(batch_id, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`gt-report` alone lists the batches"
    raise NoSuchBatchError(f"no batch {one_line(batch_id)!r} in the ledger; {hint}")


def check_not_pruned(ledger: LedgerReader, batch_id: str) -> None:
    """Check that a batch id was not used by a batch that was pruned: the ledger drops its events.

    Raises:
        UsageError: it was
    """
    for tombstone in ledger.tombstones([batch_id]).values():
        raise UsageError(f"{tombstone.said}; choose another batch id")
