"""Which stories the ledger knows already."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import open_ledger
from gt_common.settings import Settings

_SQLITE = "sqlite:///"


def known_stories(settings: Settings, canonicals: Collection[str]) -> set[str]:
    """Give those of some stories that were in a batch before; none when there is no ledger yet.

    Parameters:
        canonicals: canonical URLs

    Raises:
        LedgerUnreachableError, CredentialsRefusedError, UsageError: the ledger cannot be asked
    """
    url = settings.ledger
    if not canonicals or (url.startswith(_SQLITE) and not _file_of(url).exists()):
        return set()
    try:
        with open_ledger(url, timeout=settings.connect_timeout) as ledger:
            return ledger.known_stories(canonicals)
    except LedgerUnreachableError as error:
        raise LedgerUnreachableError(f"{error}; --known takes all stories and asks no ledger") from None


def _file_of(url: str) -> Path:
    return Path(url.removeprefix(_SQLITE).partition("?")[0]).expanduser()
