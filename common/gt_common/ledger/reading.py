"""Access to a ledger for programs that only read it: nothing is created, and the right to read is enough."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Protocol, TypeVar

from sqlalchemy import Connection, create_engine, insert
from sqlalchemy.pool import StaticPool

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError, UsageError
from gt_common.ledger import side_files
from gt_common.ledger.address import Address
from gt_common.ledger.database import Database
from gt_common.ledger.migrate import bring_up_to_date, read_revision
from gt_common.ledger.schema import HEAD, metadata, version
from gt_common.ledger.sqlite_reader import SqliteReader

Result = TypeVar("Result")


class Reads(Protocol):
    """What can run a read: a Database, or a Reader."""

    @property
    def address(self) -> Address:
        """The ledger's address."""
        ...

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Return what some reading returns, all of it from the same snapshot of the ledger."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class Reader:
    """Reads a ledger of any owner; one that does not exist yet, or has no tables, is empty.

    Parameters:
        timeout: seconds to wait for the server, or for another program's lock
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self._timeout = timeout
        self._current = False
        # A URL with parameters says itself how SQLite is to open the file.
        self._source = (
            SqliteReader(address, address.path, timeout)
            if address.path is not None and not address.url.query
            else Database(address, timeout)
        )

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Return what some reading returns, all of it from the same snapshot of the ledger.

        Raises:
            UsageError: a newer version made the ledger, or an older one and it may not be upgraded from here
            LedgerUnreachableError, CredentialsRefusedError: it cannot be read
        """
        if self._current:
            return self._source.read(work)
        revision = self.revision()
        if revision is None:
            return _read_nothing(work)
        if revision != HEAD:
            self._upgrade(revision)
        self._current = True
        return self._source.read(work)

    def revision(self) -> str | None:
        """Return the revision of the ledger's tables; None if there are no tables."""
        try:
            return self._source.read(read_revision)
        except FileNotFoundError:
            return None

    def close(self) -> None:
        """Close all connections."""
        self._source.close()

    def _upgrade(self, revision: str) -> None:
        path = self.address.path
        refusal = UsageError(
            f"the ledger {self.address.label} has schema {revision}, this version reads {HEAD}; let "
            "gt-aggregate of this version run once, which upgrades it"
        )
        if path is not None and side_files.is_foreign(path):
            raise refusal
        try:
            with closing(Database(self.address, self._timeout)) as database:
                bring_up_to_date(database)
        except (LedgerUnreachableError, CredentialsRefusedError):
            raise refusal from None


def _read_nothing(work: Callable[[Connection], Result]) -> Result:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            connection.execute(insert(version).values(number=0))
            return work(connection)
    finally:
        engine.dispose()
