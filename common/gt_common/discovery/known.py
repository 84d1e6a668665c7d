"""Which stories the ledger knows already."""

from __future__ import annotations

from collections.abc import Collection

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import ledger_is_there, open_ledger
from gt_common.settings import Settings


def known_stories(settings: Settings, canonicals: Collection[str]) -> set[str]:
    """Give those of some stories that were in a batch before; none when there is no ledger yet.

    Parameters:
        canonicals: canonical URLs

    Raises:
        LedgerUnreachableError, CredentialsRefusedError, UsageError: the ledger cannot be asked
    """
    url = settings.ledger
    if not canonicals or not ledger_is_there(url):
        return set()
    try:
        with open_ledger(url, timeout=settings.connect_timeout) as ledger:
            return ledger.known_stories(canonicals)
    except LedgerUnreachableError as error:
        raise LedgerUnreachableError(f"{error}; --known takes all stories and asks no ledger") from None
