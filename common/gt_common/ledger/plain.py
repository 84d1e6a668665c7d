"""Plain SQL: what reports and gt-produce read, on SQLite without loading SQLAlchemy, which takes longer.

The statements are few and fixed, and the same for both databases but for reading a value out of JSON.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from gt_common.ledger.head import VERSION_TABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gt_common.ledger.address import Address

Result = TypeVar("Result")
Row = Sequence[Any]
"""The values of a row; its statement says what they are."""
_AT_ONCE: Final = 500
"""Parameters of a statement; SQLite before 3.32 allows 999 (sqlite.org/limits.html)."""


class Plain(Protocol):
    """Runs statements that all see the same snapshot of a ledger."""

    def rows(self, statement: str, *given: str | int) -> Iterator[Row]:
        """Yield the rows that a statement finds; `?` stands for a value."""
        ...

    def json_text(self, column: str, *path: str) -> str:
        """Return the expression for a text within a column of JSON."""
        ...

    def time(self, when: datetime) -> str:
        """Return a time as a value to compare stored ones with."""
        ...

    def revision(self) -> str | None:
        """Return the revision of the ledger's tables; None if there are no tables."""
        ...


class PlainReads(Protocol):
    """Runs reads in plain SQL."""

    @property
    def address(self) -> Address:
        """The ledger's address."""
        ...

    def query(self, work: Callable[[Plain], Result]) -> Result:
        """Return what some reading returns, all of it from the same snapshot; the work may run again."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class SqlitePlain:
    """Statements on a connection of the standard library."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, *given: str | int) -> Iterator[Row]:
        """Yield the rows that a statement finds; `?` stands for a value."""
        yield from self._connection.execute(statement, given)

    def json_text(self, column: str, *path: str) -> str:
        """Return the expression for a text within a column of JSON."""
        return _sqlite_json(column, path)

    def time(self, when: datetime) -> str:
        """Return a time as a value to compare stored ones with."""
        return _sqlite_time(when)

    def revision(self) -> str | None:
        """Return the revision of the ledger's tables; None if there are no tables."""
        return _revision(self, _SQLITE_TABLE)


class SqlAlchemyPlain:
    """Statements on a connection of SQLAlchemy, to either database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"

    def rows(self, statement: str, *given: str | int) -> Iterator[Row]:
        """Yield the rows that a statement finds; `?` stands for a value."""
        if not self._sqlite:
            statement = statement.replace("%", "%%").replace("?", "%s")
        yield from self._connection.exec_driver_sql(statement, given)

    def json_text(self, column: str, *path: str) -> str:
        """Return the expression for a text within a column of JSON."""
        return _sqlite_json(column, path) if self._sqlite else f"{column}::json #>> '{{{','.join(path)}}}'"

    def time(self, when: datetime) -> str:
        """Return a time as a value to compare stored ones with."""
        return _sqlite_time(when) if self._sqlite else when.isoformat()

    def revision(self) -> str | None:
        """Return the revision of the ledger's tables; None if there are no tables."""
        return _revision(self, _SQLITE_TABLE if self._sqlite else _POSTGRES_TABLE)


_SQLITE_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
_POSTGRES_TABLE = "SELECT 1 WHERE to_regclass(?) IS NOT NULL"


def _revision(plain: Plain, exists: str) -> str | None:
    if not list(plain.rows(exists, VERSION_TABLE)):
        return None
    return next((row[0] for row in plain.rows(f"SELECT version_num FROM {VERSION_TABLE}")), None)  # noqa: S608


def _sqlite_json(column: str, path: Sequence[str]) -> str:
    return f"json_extract({column}, '$.{'.'.join(path)}')"


def _sqlite_time(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def parts(items: Collection[str]) -> list[Sequence[str]]:
    """Split values into parts that fit into the parameters of one statement."""
    listed = list(items)
    return [listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE)]


def marks(items: Collection[str]) -> str:
    """Return the marks that stand for some values within `IN (…)`."""
    return ", ".join("?" * len(items))


def utc(value: str | datetime | None) -> datetime | None:
    """Return a stored time as an aware one; SQLite, which has no time zones, keeps it as text in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC) if value else None
