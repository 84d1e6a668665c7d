"""Faults of the ledger's database, made from outside: locked by another client, or read-only."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

_TRIES = 5
_TABLES = "LOCK TABLE gt_stories, gt_events IN ACCESS EXCLUSIVE MODE"


class Closable(Protocol):
    """A connection that holds a lock until it is closed."""

    def close(self) -> None: ...


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """Lock the whole ledger for the duration of a block; not if it does not exist yet or stays busy."""
    hold: Callable[[str], Closable] = _hold_sqlite if url.startswith("sqlite") else _hold_postgres
    holder = await asyncio.to_thread(hold, url)
    try:
        yield
    finally:
        await asyncio.to_thread(holder.close)


@asynccontextmanager
async def read_only(url: str) -> AsyncIterator[None]:
    """Make a PostgreSQL database read-only for new connections, for the duration of a block."""
    await asyncio.to_thread(_set_read_only, url, on=True)
    try:
        yield
    finally:
        await asyncio.to_thread(_set_read_only, url, on=False)


def _hold_sqlite(url: str) -> sqlite3.Connection:
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("BEGIN EXCLUSIVE")
    return connection


def _hold_postgres(url: str) -> psycopg.Connection[tuple[object, ...]]:
    connection = psycopg.connect(url, connect_timeout=5)
    try:
        for _ in range(_TRIES):
            try:
                connection.execute("SET lock_timeout = '5s'")
                connection.execute(_TABLES)
                break
            except psycopg.errors.DeadlockDetected:
                connection.rollback()  # the server chose us and not the aggregator
            except (psycopg.errors.UndefinedTable, psycopg.errors.LockNotAvailable):
                break
    except BaseException:
        connection.close()
        raise
    return connection


def _set_read_only(url: str, *, on: bool) -> None:
    name = sql.Identifier(urlsplit(url).path.lstrip("/"))
    value = sql.SQL("on" if on else "off")
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(name, value)
        )
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
