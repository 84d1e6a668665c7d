"""Rows of the tables, and what `gt_common.ledger.bulk` does with many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Table

from gt_common.ledger.schema import UtcDateTime

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


STORY_COLUMNS: Final = ", ".join(f"s.{name}" for name in StoredStory._fields)


class Bulk(Protocol):
    """Access to many rows at once, in the transaction of a connection."""

    def stored_events(self, event_ids: Iterable[str]) -> set[str]:
        """Return which of these events are stored."""
        ...

    def stored_stories(self, keys: Iterable[StoryKey]) -> Iterator[StoredStory]:
        """Yield those of these stories that are stored."""
        ...

    def insert(self, table: Table, rows: Iterable[Row]) -> None:
        """Add rows, whose keys are new; parents come before the rows that refer to them."""
        ...

    def replace(self, table: Table, keys: Iterable[StoryKey], rows: Iterable[Row]) -> None:
        """Write new values into stored rows, to which no other table refers.

        Parameters:
            keys: their primary keys
            rows: all of their columns
        """
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Have what a block writes done by the end of the block, where the database can work beside it.

        Nothing else within the block may use the connection.
        """
        ...


def with_times(table: Table, rows: Iterable[Row], stored: Callable[[datetime], Value]) -> Iterator[Row]:
    """Yield rows with their times as a database stores them.

    Parameters:
        stored: converts a time; returns the same object if nothing is to be done

    Raises:
        OverflowError: in UTC a time is before the year 1 or after 9999, which PostgreSQL would store
    """
    times = [place for place, column in enumerate(table.c) if isinstance(column.type, UtcDateTime)]
    for row in rows:
        values: list[Value] | None = None
        for place in times:
            when = row[place]
            if isinstance(when, datetime) and (value := stored(when)) is not when:
                values = values or list(row)
                values[place] = value
        yield row if values is None else tuple(values)


def as_utc(when: datetime) -> datetime:
    """Return a time in UTC."""
    return when if when.tzinfo is UTC else when.astimezone(UTC)
