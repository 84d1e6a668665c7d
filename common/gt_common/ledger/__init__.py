"""The only door to the database: every event once, and what the fold makes of them, in SQLite or PostgreSQL.

Importing this package loads no database library; `open_ledger` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gt_common.ledger.views import AttemptSpan, BatchSummary

if TYPE_CHECKING:
    from gt_common.ledger.examine import LedgerStatus
    from gt_common.ledger.ledger import Ledger as Ledger
else:

    def __getattr__(name: str) -> object:
        """Load `Ledger` when somebody asks for the class itself."""
        if name != "Ledger":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from gt_common.ledger.ledger import Ledger

        return Ledger


__all__ = [
    "AttemptSpan",
    "BatchSummary",
    "examine_ledger",
    "ledger_is_there",
    "open_ledger",
    "recent_batch_ids",
]


def ledger_is_there(url: str) -> bool:
    """Tell whether opening a ledger would find one, as far as the disk can tell: a server may have one."""
    from gt_common.ledger.address import parse_address

    path = parse_address(url).path
    return path is None or path.exists()


def examine_ledger(url: str, *, timeout: float = 10.0) -> LedgerStatus:
    """Look at a ledger without making or changing it.

    Raises:
        UsageError: not a ledger's URL, or the driver is missing
        LedgerUnreachableError, CredentialsRefusedError: it cannot be read, or not be written
    """
    from gt_common.ledger import examine

    return examine.examine_ledger(url, timeout=timeout)


def open_ledger(url: str, *, timeout: float = 10.0) -> Ledger:
    """Open a ledger; it is created, or brought to this version's schema, when that is needed.

    Parameters:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/DATABASE`
        timeout: seconds to wait for the server, or for another program's lock

    Raises:
        UsageError: not a ledger's URL, the driver is missing, or a newer version made the ledger
        LedgerUnreachableError: it cannot be opened or does not answer
        CredentialsRefusedError: the user, the password or a right was refused
    """
    from gt_common.ledger.ledger import Ledger as Ledger

    return Ledger.open(url, timeout=timeout)


def recent_batch_ids(url: str, prefix: str, *, timeout: float) -> list[str]:
    """Return the newest batch ids that begin with a prefix, 100 at most; none if there is no ledger.

    It neither creates nor changes the ledger.

    Parameters:
        timeout: seconds to wait for the server, or for another program's lock

    Raises:
        UsageError: not a ledger's URL, or the driver is missing
        LedgerUnreachableError, CredentialsRefusedError: it cannot be read
    """
    from gt_common.ledger import recent

    return recent.recent_batch_ids(url, prefix, timeout=timeout)
