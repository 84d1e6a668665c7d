"""The ledger: every event once and the state folded from them, in SQLite or PostgreSQL.

The only room that uses the database. Importing it loads no database library; `open_ledger` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gt_common.ledger.examine import LedgerStatus
    from gt_common.ledger.ledger import Ledger as Ledger
    from gt_common.ledger.reader import LedgerReader as LedgerReader
    from gt_common.ledger.reading import Reader
    from gt_common.ledger.views import AttemptSpan as AttemptSpan
    from gt_common.ledger.views import BatchSummary as BatchSummary
else:

    def __getattr__(name: str) -> object:
        """Load a class when it is imported itself."""
        if (module := _CLASSES.get(name)) is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{module}"), name)


_CLASSES: Final = {
    "Ledger": "ledger",
    "LedgerReader": "reader",
    "AttemptSpan": "views",
    "BatchSummary": "views",
}
"""The module of each class."""


_PLAIN_FILE = re.compile(r"sqlite:///([\w/.-]+)")
"""The URL of a file that needs no closer look, for which the database library would have to be loaded."""

__all__ = [
    "AttemptSpan",
    "BatchSummary",
    "examine_ledger",
    "ledger_is_there",
    "open_ledger",
    "read_ledger",
    "recent_batch_ids",
]


def ledger_is_there(url: str) -> bool:
    """Whether there is a ledger to open; for a server always, since only the disk is looked at."""
    if plain := _PLAIN_FILE.fullmatch(url.strip()):
        return Path(plain.group(1)).exists()
    from gt_common.ledger.address import parse_address

    path = parse_address(url).path
    return path is None or path.exists()


def examine_ledger(url: str, *, timeout: float = 10.0) -> LedgerStatus:
    """Inspect a ledger without creating or changing it.

    Raises:
        UsageError: the URL is invalid, or the driver is missing
        LedgerUnreachableError, CredentialsRefusedError: it cannot be read or written
    """
    from gt_common.ledger import examine

    return examine.examine_ledger(url, timeout=timeout)


def open_ledger(url: str, *, timeout: float = 10.0, notify: Sequence[str] = ()) -> Ledger:
    """Open a ledger; create it or upgrade its schema if needed.

    Parameters:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/DATABASE`
        timeout: seconds to wait for the server, or for another program's lock
        notify: digests of the targets that are told of what is written, as `gt_common.notify` makes them

    Raises:
        UsageError: the URL is invalid, the driver is missing, or a newer version created the ledger
        LedgerUnreachableError: it cannot be opened or does not answer
        CredentialsRefusedError: the user, the password or an operation was refused
    """
    from gt_common.ledger.ledger import Ledger as Ledger

    return Ledger.open(url, timeout=timeout, notify=notify)


def read_ledger(url: str, *, timeout: float = 10.0) -> LedgerReader:
    """Open a ledger for reading; nothing is created, and one that does not exist yet is empty.

    A ledger in SQLite is read without loading SQLAlchemy.

    Parameters:
        timeout: seconds to wait for the server, or for another program's lock

    Raises:
        UsageError: the URL is invalid, the driver is missing, or a newer version created the ledger
        LedgerUnreachableError, CredentialsRefusedError: it cannot be read
    """
    from gt_common.ledger.reader import LedgerReader as LedgerReader

    return LedgerReader(_reader(url, timeout))


def _reader(url: str, timeout: float) -> Reader:
    from gt_common.ledger.address import parse_address
    from gt_common.ledger.reading import Reader

    reader = Reader(parse_address(url), timeout)
    try:
        reader.revision()
    except BaseException:
        reader.close()
        raise
    return reader


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
