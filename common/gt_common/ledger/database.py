"""Connections to the ledger: set-up of SQLite and PostgreSQL, and the two kinds of transactions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from gt_common.errors import LedgerUnreachableError
from gt_common.files import make_private_folder
from gt_common.ledger.address import Address
from gt_common.ledger.plain import Plain, SqlAlchemyPlain
from gt_common.ledger.sqlite_reader import note_writer
from gt_common.ledger.translate import translated

Result = TypeVar("Result")

_CHECKPOINT_PAGES = 4096
"""Pages of 4 KiB in SQLite's log before it is copied into the file: 16 MiB."""
_CACHE_KIB = 16 * 1024
_IDLE_TIMES = 6
"""How many times the timeout a writer may leave its transaction idle before PostgreSQL ends it."""

# An arbitrary constant: every writer to a ledger in this PostgreSQL database takes this advisory lock.
_WRITERS_LOCK = 0x67745F6C


class Database:
    """A ledger's engine; its contexts turn database errors into errors of the project.

    Parameters:
        timeout: seconds to wait for a connection, or for another writer
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self.timeout = timeout
        self.engine = _sqlite(address, timeout) if address.sqlite else _postgres(address, timeout)
        if address.path is not None:
            note_writer(address.path, 1)
        self._closed = False

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Return what some reading returns, all of it from the same snapshot of the ledger."""
        with self.reading() as connection:
            return work(connection)

    def query(self, work: Callable[[Plain], Result]) -> Result:
        """Return what some reading in plain SQL returns, all of it from the same snapshot of the ledger."""
        with self.reading() as connection:
            return work(SqlAlchemyPlain(connection))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection whose statements all see the same snapshot of the ledger."""
        with translated(self.address), self.engine.connect() as connection:
            if not self.address.sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open the connection of the only writer; at the end everything is committed, or nothing."""
        with translated(self.address), self.engine.connect() as connection:
            connection.execution_options(gt_begin="BEGIN IMMEDIATE")
            try:
                with connection.begin():
                    if not self.address.sqlite:
                        _lock_out_writers(connection, self.timeout)
                    yield connection
            except OperationalError:
                # SQLite opens files that it may not write read-only, and keeps them so until they are closed.
                connection.invalidate()
                self.engine.dispose()
                raise

    @contextmanager
    def outside_transactions(self) -> Iterator[Connection]:
        """Open a connection to SQLite for statements that cannot run inside a transaction."""
        with translated(self.address), self.engine.connect() as connection:
            yield connection.execution_options(gt_begin=None)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        if self.address.path is not None and not self._closed:
            self._closed = True
            note_writer(self.address.path, -1)


def _sqlite(address: Address, timeout: float) -> Engine:
    _make_folder(address)
    engine = create_engine(address.url, connect_args={"timeout": timeout}, pool_timeout=timeout)

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver would begin transactions itself, too late for BEGIN IMMEDIATE; here they are explicit.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # An event is acked once it is committed, so a commit must outlive a power cut. In WAL mode NORMAL
        # does not promise that (sqlite.org/pragma.html#pragma_synchronous); one fsync serves a whole group.
        connection.execute("PRAGMA synchronous = FULL")
        # Pages that many groups change are copied into the file once, not every 4 MB of the log.
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: a reader that becomes a writer later fails instead of waiting.
        statement = connection.get_execution_options().get("gt_begin", "BEGIN")
        if statement:
            connection.exec_driver_sql(statement)

    return engine


def _make_folder(address: Address) -> None:
    if address.path is None or address.has_parameters:
        return
    try:
        make_private_folder(address.path.absolute().parent)
        with suppress(FileExistsError, PermissionError, IsADirectoryError):
            # SQLite gives the files beside it the same mode.
            os.close(os.open(address.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise LedgerUnreachableError(
            f"the ledger {address.label} cannot be used: its folder cannot be created: {error.strerror}; "
            "check GT_LEDGER_URL"
        ) from None


def _postgres(address: Address, timeout: float) -> Engine:
    # tcp_user_timeout detects a server that vanished silently (PostgreSQL docs, 34.1.2).
    return create_engine(
        address.url,
        connect_args={
            "connect_timeout": max(2, round(timeout)),
            "tcp_user_timeout": round(timeout * 1000),
            "application_name": "gt-ledger",
            # A pooler in transaction mode (PgBouncer) runs each transaction on any of its connections, and a
            # statement that was prepared on another one does not exist there.
            "prepare_threshold": None,
        },
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_timeout=timeout,
    )


_LOCK: Final = text(
    "WITH waits AS MATERIALIZED (SELECT set_config('lock_timeout', :wait, true), "
    "set_config('idle_in_transaction_session_timeout', :idle, true)) "
    "SELECT pg_advisory_xact_lock(:lock) FROM waits"
)
"""Sets how long to wait, then waits."""


def _lock_out_writers(connection: Connection, timeout: float) -> None:
    # A writer that is frozen or cut off in the middle would keep all others out until the server notices.
    idle = f"{round(timeout * _IDLE_TIMES * 1000)}ms"
    connection.execute(_LOCK, {"wait": f"{round(timeout * 1000)}ms", "idle": idle, "lock": _WRITERS_LOCK})
