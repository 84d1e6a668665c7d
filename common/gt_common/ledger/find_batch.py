"""Whether the ledger knows a batch."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from gt_common.errors import NoSuchBatchError
from gt_common.texts import one_line

if TYPE_CHECKING:
    from gt_common.ledger.ledger import LedgerReader


def check_known(ledger: LedgerReader, batch_id: str) -> None:
    """Check that the ledger knows a batch.

    Raises:
        NoSuchBatchError: it does not; the message suggests similar ids
    """
    try:
        ledger.batch(batch_id)
    except NoSuchBatchError:
        known = [summary.batch_id for summary in ledger.batches(1000)]
        near = [name for name in known if name.startswith(batch_id)][:3] if batch_id else []
        near = near or difflib.get_close_matches(batch_id, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`gt-report` alone lists the batches"
        raise NoSuchBatchError(f"no batch {one_line(batch_id)!r} in the ledger; {hint}") from None
