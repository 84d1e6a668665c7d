"""Finds stories that are already in the ledger."""

from __future__ import annotations

from collections.abc import Collection

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import ledger_is_there, read_ledger
from gt_common.settings import Settings


def known_stories(settings: Settings, canonicals: Collection[str]) -> set[str]:
    """Return which of these stories were in any batch; none if there is no ledger yet.

    Parameters:
        canonicals: canonical URLs

    Raises:
        LedgerUnreachableError, CredentialsRefusedError, UsageError: the ledger cannot be read
    """
    url = settings.ledger
    if not canonicals or not ledger_is_there(url):
        return set()
    try:
        with read_ledger(url, timeout=settings.connect_timeout) as ledger:
            return ledger.known_stories(canonicals)
    except LedgerUnreachableError as error:
        raise LedgerUnreachableError(f"{error}; --known works without the ledger") from None
