"""Shell completion of values that only the ledger knows."""

from __future__ import annotations

from contextlib import suppress

_TIMEOUT_S = 1.0


def complete_batch_id(incomplete: str) -> list[str]:
    """Return the batch ids that begin with what was typed, newest first.

    Without a ledger, or while it does not answer, there are none; the ledger is neither created nor changed.
    """
    from gt_common.errors import GossipToonError
    from gt_common.ledger import recent_batch_ids
    from gt_common.settings import load_settings

    with suppress(GossipToonError, OSError):
        return recent_batch_ids(load_settings().ledger, incomplete, timeout=_TIMEOUT_S)
    return []
