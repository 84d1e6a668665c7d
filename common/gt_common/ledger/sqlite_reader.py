"""Reads a SQLite ledger without writing anything beside it, so that its owner is never kept from writing.

A plain read-only connection creates the side files `-wal` and `-shm` if they are missing; then they belong
to the reader. So a ledger that nobody has open is read as an immutable file, and one that is in use through
the side files that its writer made. The last writer deletes them only if nobody holds the shared lock that
every connection has (sqlite.org/wal.html, sqlite.org/lockingv3.html); it is held here meanwhile.
"""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from gt_common.errors import GossipToonError, LedgerUnreachableError
from gt_common.ledger import side_files
from gt_common.ledger.address import Address
from gt_common.ledger.plain import Plain, SqlitePlain
from gt_common.ledger.translate import translated

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

Result = TypeVar("Result")

_SHARED_BYTE: Final = 0x40000002
_SHARED_BYTES: Final = 510

# Closing a file drops all locks that this process has on it (fcntl(2)): so one reader at a time, and none
# beside a writer of the same process.
_one_at_a_time = threading.RLock()
_written_here: Counter[Path] = Counter()


def note_writer(path: Path, change: int) -> None:
    """Note that this process opens (1) or closes (-1) a ledger for writing."""
    with _one_at_a_time:
        _written_here[path.resolve()] += change


class SqliteReader:
    """Runs reads on a SQLite ledger of any owner; the right to read its files is enough.

    Parameters:
        timeout: seconds to wait for a lock, or for a moment in which nobody writes
    """

    def __init__(self, address: Address, path: Path, timeout: float) -> None:
        self._address = address
        self._path = path
        self._timeout = timeout
        self._mode = ""
        self._made_engine: Engine | None = None

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Return what the work returns; it may run again if the ledger changed meanwhile.

        Raises:
            FileNotFoundError: there is no ledger yet
            LedgerUnreachableError: it cannot be read
        """

        def run() -> Result:
            with self._engine().connect() as connection:
                connection.exec_driver_sql("BEGIN")
                return work(connection)

        return self._read(run)

    def query(self, work: Callable[[Plain], Result]) -> Result:
        """Return what the work in plain SQL returns, as `read`, without loading SQLAlchemy."""

        def run() -> Result:
            with closing(self._connect()) as connection:
                connection.execute("BEGIN")
                return work(SqlitePlain(connection))

        return self._read(run)

    def close(self) -> None:
        """Do nothing: no connection outlives its read."""

    def _read(self, run: Callable[[], Result]) -> Result:
        deadline = time.monotonic() + self._timeout
        with _one_at_a_time:
            while True:
                with self._held(deadline):
                    mode = self._choose_mode()
                    before = self._content()
                    try:
                        self._mode = mode
                        with translated(self._address):
                            result = run()
                    except GossipToonError:
                        if self._content() == before or time.monotonic() > deadline:
                            raise
                    else:
                        if mode != _IMMUTABLE or self._content() == before:
                            return result
                        _check(deadline, self._address)

    def _engine(self) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        if self._made_engine is None:
            self._made_engine = create_engine("sqlite://", creator=self._connect, poolclass=NullPool)
        return self._made_engine

    def _connect(self) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path.absolute()))}?{self._mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=self._timeout, check_same_thread=False)
        connection.isolation_level = None
        return connection

    @contextmanager
    def _held(self, deadline: float) -> Iterator[None]:
        """Hold the shared lock, without which the last writer would delete the side files."""
        if _written_here[self._path.resolve()]:
            yield
            return
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._unreadable(error) from None
        try:
            while not _try_lock(descriptor):
                _check(deadline, self._address)
            yield
        finally:
            os.close(descriptor)

    def _choose_mode(self) -> str:
        path = self._path
        if _written_here[path.resolve()] or side_files.size(side_files.journal(path)):
            return _PLAIN
        if not side_files.size(side_files.wal(path)):
            return _IMMUTABLE
        if side_files.shm(path).exists():
            return _SHARED
        if path.stat().st_uid == os.geteuid():
            return _PLAIN
        raise LedgerUnreachableError(
            f"the ledger {self._address.label} cannot be read: {side_files.wal(path).name} beside it has "
            "results that only its owner can take in; "
            f"let {side_files.owner(path)} run gt-report or gt-aggregate once"
        )

    def _content(self) -> tuple[int, int, int]:
        """Return what changes with every commit."""
        with suppress(OSError):
            found = self._path.stat()
            return found.st_mtime_ns, found.st_size, side_files.size(side_files.wal(self._path))
        return 0, 0, 0

    def _unreadable(self, error: OSError) -> LedgerUnreachableError:
        belongs = ""
        with suppress(OSError):
            belongs = f"; it belongs to {side_files.owner(self._path)}"
        return LedgerUnreachableError(
            f"the ledger {self._address.label} cannot be read: {error.strerror}{belongs}; "
            "ask for the right to read it, or set GT_LEDGER_URL"
        )


_PLAIN: Final = "mode=ro"
_IMMUTABLE: Final = "mode=ro&immutable=1"
_SHARED: Final = "mode=ro&readonly_shm=1"


def _try_lock(descriptor: int) -> bool:
    """Take the shared lock; return False while somebody has the ledger for itself."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, _SHARED_BYTES, _SHARED_BYTE)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: the comparison of the content remains
        return True
    return True


def _check(deadline: float, address: Address) -> None:
    """Wait a moment before the next try.

    Raises:
        LedgerUnreachableError: the time is over
    """
    if time.monotonic() > deadline:
        raise LedgerUnreachableError(
            f"the ledger {address.label} cannot be used: database is locked; "
            "another program holds it; stop that or try again"
        )
    time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - jitter, no secret
