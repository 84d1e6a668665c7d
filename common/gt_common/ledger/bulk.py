"""Reads and writes many rows at once, below SQLAlchemy's statements: binding takes longer than the rows.

SQLite gets prepared statements that run once per row, and keys as one JSON array. PostgreSQL gets rows as
binary COPY, and keys as one text; a changed row is deleted and copied again, which is what an update does
there anyway. Both are only for the ledger's only writer, inside its transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, String, Table, Text
from sqlalchemy.exc import DBAPIError

from gt_common.ledger.schema import UtcDateTime, events, stories

if TYPE_CHECKING:
    import psycopg

Value = str | int | bool | datetime | None
Row = tuple[Value, ...]
"""Values in the order of a table's columns."""
StoryKey = tuple[str, str]
"""Batch id and story id."""


class StoredStory(NamedTuple):
    """The columns of a story that the fold needs; `event` is the deciding one, and `costs` too, as JSON."""

    batch_id: str
    story_id: str
    position: int
    url: str
    listed: bool
    title: str | None
    not_before: str | None
    event: str | None
    costs: str | None


_UTC_MARK: Final = "+00:00"
_BY_INDEX: Final = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true), set_config('enable_sort', 'off', true), "
    "set_config('jit', 'off', true)"
)
"""Until the end of the transaction, rows are looked up by their keys.

A plan without an alternative to what is off counts as very expensive, and would be compiled (JIT) each time:
that of a table without an index, such as gt_version.
"""
_STORY: Final = ", ".join(f"s.{name}" for name in StoredStory._fields)


class Bulk(Protocol):
    """Access to many rows at once, in the transaction of a connection."""

    def stored_events(self, event_ids: Iterable[str]) -> set[str]:
        """Return which of these events are stored."""
        ...

    def stored_stories(self, keys: Iterable[StoryKey]) -> Iterator[StoredStory]:
        """Yield those of these stories that are stored."""
        ...

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Add rows, whose keys are new; parents come before the rows that refer to them."""
        ...

    def replace(self, table: Table, rows: Sequence[Row]) -> None:
        """Write new values into the stored rows with the same keys, to which no other table refers."""
        ...


def bulk(connection: Connection) -> Bulk:
    """Return the access for a connection's kind of database."""
    return _Sqlite(connection) if connection.dialect.name == "sqlite" else _Postgres(connection)


class _Sqlite:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stored_events(self, event_ids: Iterable[str]) -> set[str]:
        query = f"SELECT event_id FROM {events} WHERE event_id IN (SELECT value FROM json_each(?))"  # noqa: S608
        return {row[0] for row in self._connection.exec_driver_sql(query, (json.dumps([*event_ids]),))}

    def stored_stories(self, keys: Iterable[StoryKey]) -> Iterator[StoredStory]:
        # CROSS JOIN keeps SQLite from reading the whole table (sqlite.org/lang_select.html).
        query = (
            f"SELECT {_STORY} FROM json_each(?) AS k CROSS JOIN {stories} AS s "  # noqa: S608
            "ON s.batch_id = json_extract(k.value, '$[0]') AND s.story_id = json_extract(k.value, '$[1]')"
        )
        for row in self._connection.exec_driver_sql(query, (json.dumps([*keys]),)):
            yield StoredStory(*row)

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._connection.exec_driver_sql(
                _insert_sql(table), [tuple(row) for row in _rows(table, rows, _sqlite_time)]
            )

    def replace(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            keys = len(table.primary_key)
            moved = [(*row[keys:], *row[:keys]) for row in _rows(table, rows, _sqlite_time)]
            self._connection.exec_driver_sql(_update_sql(table), moved)


class _Postgres:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Without statistics the planner would read whole tables, up to some size.
        connection.exec_driver_sql(_BY_INDEX)

    def stored_events(self, event_ids: Iterable[str]) -> set[str]:
        query = f"SELECT event_id FROM {events} WHERE event_id = ANY (string_to_array(%s, ','))"  # noqa: S608
        return {row[0] for row in self._connection.exec_driver_sql(query, (",".join(event_ids),))}

    def stored_stories(self, keys: Iterable[StoryKey]) -> Iterator[StoredStory]:
        joined = _joined(keys)
        if not joined:
            return
        query = f"SELECT {_STORY} FROM {_found_sql(stories)}"  # noqa: S608
        for row in self._connection.exec_driver_sql(query, joined):
            yield StoredStory(*row)

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if not rows:
            return
        statement = f"COPY {table} ({', '.join(table.c.keys())}) FROM STDIN (FORMAT BINARY)"
        with _raised_as_sqlalchemy(self._connection, statement):
            driver = cast("psycopg.Connection", self._connection.connection.driver_connection)
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types([_postgres_type(column) for column in table.c])
                for row in _rows(table, rows, _utc):
                    copy.write_row(row)

    def replace(self, table: Table, rows: Sequence[Row]) -> None:
        if not rows:
            return
        statement = f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT s.ctid FROM {_found_sql(table)}))"  # noqa: S608
        keys = len(table.primary_key)
        self._connection.exec_driver_sql(statement, _joined(row[:keys] for row in rows))
        self.insert(table, rows)


def _keys_sql(names: Sequence[str]) -> str:
    """Return a table `k` of keys, with one parameter per column."""
    arrays = ", ".join("string_to_array(%s, ',')" for _ in names)
    return f"unnest({arrays}) AS k ({', '.join(names)})"


@cache
def _found_sql(table: Table) -> str:
    """Return the rows `s` of a table that have the keys of `_keys_sql`, each found by the primary key.

    A planner without statistics believes that a batch has some rows only, and may find them by another index
    that begins with the batch, which reads the whole batch for each key. Only the primary key has them in
    the order that is asked for here, and nothing may be sorted.
    """
    names = [column.name for column in table.primary_key]
    same = "".join(f"{name} = k.{name} AND " for name in names[:-1])
    last = names[-1]
    row = (
        f"SELECT *, ctid FROM {table} WHERE {same}{last} BETWEEN k.{last} AND k.{last} "  # noqa: S608
        f"ORDER BY {last} LIMIT 1"
    )
    return f"{_keys_sql(names)} CROSS JOIN LATERAL ({row}) AS s"


def _joined(keys: Iterable[Sequence[Value]]) -> tuple[str, ...]:
    """Return one text per column of some keys, none without keys; ids have no comma (messages.fields)."""
    return tuple(",".join(map(str, column)) for column in zip(*keys, strict=True))


@cache
def _insert_sql(table: Table) -> str:
    names = table.c.keys()
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


@cache
def _update_sql(table: Table) -> str:
    """Return an update whose parameters are those columns that are not in the primary key, then the key."""
    values = ", ".join(f"{column.name} = ?" for column in table.c if not column.primary_key)
    key = " AND ".join(f"{column.name} = ?" for column in table.primary_key)
    return f"UPDATE {table} SET {values} WHERE {key}"  # noqa: S608


def _rows(table: Table, rows: Iterable[Row], stored: Callable[[datetime], Value]) -> Iterator[list[Value]]:
    """Yield rows with their times in UTC.

    Parameters:
        stored: converts a time to the form in which the database stores it

    Raises:
        OverflowError: in UTC a time is before the year 1 or after 9999, which PostgreSQL would store
    """
    times = [place for place, column in enumerate(table.c) if isinstance(column.type, UtcDateTime)]
    for row in rows:
        values = list(row)
        for place in times:
            when = values[place]
            if isinstance(when, datetime):
                values[place] = stored(when)
        yield values


def _utc(when: datetime) -> datetime:
    return when if when.tzinfo is UTC else when.astimezone(UTC)


def _sqlite_time(when: datetime) -> str:
    """Return a time as UtcDateTime stores it: in UTC, without saying so."""
    text = when.isoformat(" ", "microseconds")
    if not text.endswith(_UTC_MARK):
        text = when.astimezone(UTC).isoformat(" ", "microseconds")
    return text.removesuffix(_UTC_MARK)


def _postgres_type(column: Column[object]) -> str:
    """Return the type of a column by the name that psycopg knows it by."""
    match column.type:
        case BigInteger():
            return "int8"
        case Integer():
            return "int4"
        case Boolean():
            return "bool"
        case UtcDateTime():
            return "timestamptz"
        case Text():
            return "text"
        case String():
            return "varchar"
    raise TypeError(f"{column} has a type that cannot be copied")


@contextmanager
def _raised_as_sqlalchemy(connection: Connection, statement: str) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy does, so that they are translated in one place."""
    driver = connection.dialect.dbapi
    base = driver.Error if driver else Exception
    try:
        yield
    except base as error:
        raise DBAPIError.instance(statement, None, error, base, hide_parameters=True) from error
