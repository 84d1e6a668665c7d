"""Many rows of a ledger in PostgreSQL: rows as binary COPY, and keys as one text.

A changed row is deleted and copied again, which is what an update does there anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, String, Table, Text
from sqlalchemy.exc import DBAPIError

from gt_common.ledger.bulk_rows import STORY_COLUMNS, Row, StoredStory, StoryKey, as_utc, with_times
from gt_common.ledger.schema import UtcDateTime, events, stories

if TYPE_CHECKING:
    import psycopg

_BY_INDEX: Final = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true), set_config('enable_sort', 'off', true), "
    "set_config('jit', 'off', true)"
)
"""Until the end of the transaction, rows are looked up by their keys.

A plan without an alternative to what is off counts as very expensive, and would be compiled (JIT) each time:
that of a table without an index, such as gt_version.
"""


_PART: Final = 500
"""Rows in a COPY. The server only collects them, up to 1,000, until they end: what takes time comes then."""


class BulkPostgres:
    """Access to many rows at once; see `gt_common.ledger.bulk_rows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._thread: ThreadPoolExecutor | None = None
        self._writes: list[Future[None]] = []
        # Without statistics the planner would read whole tables, up to some size.
        connection.exec_driver_sql(_BY_INDEX)

    def stored_events(self, event_ids: Iterable[str]) -> set[str]:
        """Return which of these events are stored."""
        query = f"SELECT event_id FROM {events} WHERE event_id = ANY (string_to_array(%s, ','))"  # noqa: S608
        return {row[0] for row in self._connection.exec_driver_sql(query, (",".join(event_ids),))}

    def stored_stories(self, keys: Iterable[StoryKey]) -> Iterator[StoredStory]:
        """Yield those of these stories that are stored."""
        joined = _joined(keys)
        if not joined:
            return
        query = f"SELECT {STORY_COLUMNS} FROM {_found_sql(stories)}"  # noqa: S608
        with self._cursor(query) as cursor:
            found = cursor.execute(query.encode(), joined).fetchall()
        yield from map(StoredStory._make, found)

    def insert(self, table: Table, rows: Iterable[Row]) -> None:
        """Add rows."""
        left = with_times(table, rows, as_utc)
        while part := [*islice(left, _PART)]:
            self._write(partial(self._copy, table, part))

    def replace(self, table: Table, keys: Iterable[StoryKey], rows: Iterable[Row]) -> None:
        """Write new values into stored rows: they are deleted and copied again."""
        self._write(partial(self._delete, table, _joined(keys)))
        self.insert(table, rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Have what a block writes done by the end of the block: a thread waits for the server meanwhile."""
        self._thread = ThreadPoolExecutor(1, "gt-ledger")
        try:
            yield
            for write in self._writes:
                write.result()
        finally:
            self._thread.shutdown(cancel_futures=True)
            self._thread, self._writes = None, []

    def _write(self, write: Callable[[], None]) -> None:
        if self._thread:
            self._writes.append(self._thread.submit(write))
        else:
            write()

    def _copy(self, table: Table, rows: Iterable[Row]) -> None:
        statement = f"COPY {table} ({', '.join(table.c.keys())}) FROM STDIN (FORMAT BINARY)"
        with self._cursor(statement) as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types([_postgres_type(column) for column in table.c])
            for row in rows:
                copy.write_row(row)

    def _delete(self, table: Table, keys: tuple[str, ...]) -> None:
        statement = f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT s.ctid FROM {_found_sql(table)}))"  # noqa: S608
        with self._cursor(statement) as cursor:
            cursor.execute(statement.encode(), keys)

    @contextmanager
    def _cursor(self, statement: str) -> Iterator[psycopg.Cursor]:
        """Open a cursor of the driver; its errors are raised as SQLAlchemy's, to be translated in one place.

        Parameters:
            statement: what it is for
        """
        driver = self._connection.dialect.dbapi
        base = driver.Error if driver else Exception
        try:
            with cast("psycopg.Connection", self._connection.connection.driver_connection).cursor() as cursor:
                yield cursor
        except base as error:
            raise DBAPIError.instance(statement, None, error, base, hide_parameters=True) from error


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


def _joined(keys: Iterable[StoryKey]) -> tuple[str, ...]:
    """Return one text per column of some keys, none without keys; ids have no comma (messages.fields)."""
    return tuple(",".join(column) for column in zip(*keys, strict=True))


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
