"""Access to a ledger for programs that only read it: nothing is created, and the right to read is enough."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Protocol, TypeVar

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError, UsageError
from gt_common.ledger import side_files
from gt_common.ledger.address import Address
from gt_common.ledger.head import HEAD
from gt_common.ledger.plain import Plain, PlainReads, SqlAlchemyPlain
from gt_common.ledger.sqlite_reader import SqliteReader

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gt_common.ledger.database import Database

Result = TypeVar("Result")


class Reads(PlainReads, Protocol):
    """What can run a read: a Database, or a Reader."""

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Return what some reading returns, all of it from the same snapshot of the ledger."""
        ...


class Reader:
    """Reads a ledger of any owner; one that does not exist yet or any more, or has no tables, is empty.

    Parameters:
        timeout: seconds to wait for the server, or for another program's lock
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self._timeout = timeout
        self._current = False
        self._source = _source(address, timeout)

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Return what some reading returns, all of it from the same snapshot of the ledger.

        Raises:
            UsageError: a newer version made the ledger, or an older one and it may not be upgraded from here
            LedgerUnreachableError, CredentialsRefusedError: it cannot be read
        """
        if self._is_there():
            try:
                return self._source.read(work)
            except FileNotFoundError:
                self._current = False
        return _read_nothing(work)

    def query(self, work: Callable[[Plain], Result]) -> Result:
        """Return what some reading in plain SQL returns, all of it from the same snapshot of the ledger.

        Raises:
            UsageError, LedgerUnreachableError, CredentialsRefusedError: as `read`
        """
        if self._is_there():
            try:
                return self._source.query(work)
            except FileNotFoundError:
                self._current = False
        return _read_nothing(lambda connection: work(SqlAlchemyPlain(connection)))

    def _is_there(self) -> bool:
        """Whether there are tables, which are those of this version then."""
        if not self._current:
            revision = self.revision()
            if revision is None:
                return False
            if revision != HEAD:
                self._upgrade(revision)
            self._current = True
        return True

    def revision(self) -> str | None:
        """Return the revision of the ledger's tables; None if there are no tables."""
        try:
            return self._source.query(lambda plain: plain.revision())
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
        from gt_common.ledger.database import Database
        from gt_common.ledger.migrate import bring_up_to_date

        try:
            with closing(Database(self.address, self._timeout)) as database:
                bring_up_to_date(database)
        except (LedgerUnreachableError, CredentialsRefusedError):
            raise refusal from None


def _source(address: Address, timeout: float) -> SqliteReader | Database:
    if address.path is not None and not address.has_parameters:
        return SqliteReader(address, address.path, timeout)
    from gt_common.ledger.database import Database

    return Database(address, timeout)


def _read_nothing(work: Callable[[Connection], Result]) -> Result:
    from sqlalchemy import create_engine, insert
    from sqlalchemy.pool import StaticPool

    from gt_common.ledger.schema import metadata, version

    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            connection.execute(insert(version).values(number=0, counted=0))
            return work(connection)
    finally:
        engine.dispose()
