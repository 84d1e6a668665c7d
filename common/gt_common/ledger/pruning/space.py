"""Returns the space of deleted rows to the file system, for SQLite; PostgreSQL cares for its own.

A SQLite file only shrinks if it was created with `auto_vacuum` (sqlite.org/pragma.html#pragma_auto_vacuum),
as ledgers are from this version on; one that is older reuses its free pages, until it is rewritten once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Connection

from gt_common.ledger.database import Database

if TYPE_CHECKING:
    import sqlite3

_PAGES_AT_ONCE: Final = 500
_INCREMENTAL: Final = 2


@dataclass(frozen=True)
class Space:
    """What became of the space.

    Parameters:
        returned: bytes that the file got shorter
        free: bytes in the file that are free for new rows
        shrinks: whether the file can give space back; None for a server
    """

    returned: int = 0
    free: int = 0
    shrinks: bool | None = None


def give_back(database: Database, rest: Callable[[float], None], *, rewrite: bool) -> Space:
    """Shorten the file of a ledger, some pages at a time.

    Parameters:
        rest: lets others write; called with the seconds that a step took
        rewrite: rewrite the file first if it cannot shrink otherwise
    """
    if not database.address.sqlite:
        return Space()
    with database.outside_transactions() as connection:
        size = _number(connection, "page_size")
        before = _number(connection, "page_count")
        if rewrite and _number(connection, "auto_vacuum") != _INCREMENTAL:
            connection.exec_driver_sql("PRAGMA auto_vacuum = INCREMENTAL")
            connection.exec_driver_sql("VACUUM")
        shrinks = _number(connection, "auto_vacuum") == _INCREMENTAL
        if shrinks:
            _shorten(connection, rest)
        free = _number(connection, "freelist_count")
        returned = max(0, before - _number(connection, "page_count"))
        connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").all()
    return Space(returned * size, free * size, shrinks)


def _shorten(connection: Connection, rest: Callable[[float], None]) -> None:
    left = _number(connection, "freelist_count")
    while left:
        begun = time.monotonic()
        _run_to_the_end(connection, f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
        rest(time.monotonic() - begun)
        before, left = left, _number(connection, "freelist_count")
        if left >= before:
            return


def _run_to_the_end(connection: Connection, statement: str) -> None:
    """Run a statement that frees one page per step, and whose steps yield no columns.

    `execute` takes one step of such a statement and `fetchall` none; `executescript` takes all.
    """
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    driver.executescript(statement).close()


def _number(connection: Connection, pragma: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())
