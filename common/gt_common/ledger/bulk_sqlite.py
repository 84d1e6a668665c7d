"""Many rows of a ledger in SQLite: prepared statements that run once per row, and keys as one JSON array."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import cache
from typing import Final

from sqlalchemy import Connection, Table

from gt_common.ledger.bulk_rows import STORY_COLUMNS, Row, StoredStory, StoryKey, with_times
from gt_common.ledger.schema import events, stories

_UTC_MARK: Final = "+00:00"


class BulkSqlite:
    """Access to many rows at once; see `gt_common.ledger.bulk_rows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stored_events(self, event_ids: Iterable[str]) -> set[str]:
        """Return which of these events are stored."""
        query = f"SELECT event_id FROM {events} WHERE event_id IN (SELECT value FROM json_each(?))"  # noqa: S608
        return {row[0] for row in self._connection.exec_driver_sql(query, (json.dumps([*event_ids]),))}

    def stored_stories(self, keys: Iterable[StoryKey]) -> Iterator[StoredStory]:
        """Yield those of these stories that are stored."""
        # CROSS JOIN keeps SQLite from reading the whole table (sqlite.org/lang_select.html).
        query = (
            f"SELECT {STORY_COLUMNS} FROM json_each(?) AS k CROSS JOIN {stories} AS s "  # noqa: S608
            "ON s.batch_id = json_extract(k.value, '$[0]') AND s.story_id = json_extract(k.value, '$[1]')"
        )
        for row in self._connection.exec_driver_sql(query, (json.dumps([*keys]),)):
            yield StoredStory(*row)

    def insert(self, table: Table, rows: Iterable[Row]) -> None:
        """Add rows."""
        # Made first, then converted: one loop after the other is faster than one with all of it.
        made = [*rows]
        self._connection.exec_driver_sql(_insert_sql(table), [*with_times(table, made, _stored_time)])

    def replace(self, table: Table, keys: Iterable[StoryKey], rows: Iterable[Row]) -> None:
        """Write new values into stored rows; they tell their keys themselves."""
        length = len(table.primary_key)
        made = [*rows]
        moved = [(*row[length:], *row[:length]) for row in with_times(table, made, _stored_time)]
        self._connection.exec_driver_sql(_update_sql(table), moved)

    def writing(self) -> AbstractContextManager[None]:
        """Do nothing: SQLite works in this thread."""
        return nullcontext()


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


def _stored_time(when: datetime) -> str:
    """Return a time as UtcDateTime stores it: in UTC, without saying so."""
    text = when.isoformat(" ", "microseconds")
    if not text.endswith(_UTC_MARK):
        text = when.astimezone(UTC).isoformat(" ", "microseconds")
    return text.removesuffix(_UTC_MARK)
