"""Inspects a ledger for gt-doctor, without creating or changing it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

from sqlalchemy import Connection, func, select

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import side_files
from gt_common.ledger.address import Address, parse_address
from gt_common.ledger.database import Database
from gt_common.ledger.head import HEAD
from gt_common.ledger.plain import SqlAlchemyPlain
from gt_common.ledger.queries.batches import read_batches
from gt_common.ledger.queries.letters import count_letters
from gt_common.ledger.reading import Reader
from gt_common.ledger.unknown import count_unknown
from gt_common.ledger.views import BatchSummary
from gt_common.lifecycle import StoryStatus


@dataclass(frozen=True)
class LedgerStatus:
    """What a ledger says.

    Parameters:
        label: its address, without the password
        revision: of its tables; None if there are no tables yet
        newest: the revision of this version
        server_time: the server's clock; None for a file
        waiting: the oldest of the latest 1,000 batches that has queued stories
        failed: stories that are dead letters now
        unknown: how many stored events have types that only a newer version knows, by type
    """

    label: str
    revision: str | None
    newest: str = HEAD
    server_time: datetime | None = None
    waiting: BatchSummary | None = None
    failed: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)


def examine_ledger(url: str, *, timeout: float) -> LedgerStatus:
    """Inspect a ledger: its revision, its clock, what is waiting in it, and whether it can be written.

    Raises:
        UsageError: the URL is invalid
        LedgerUnreachableError, CredentialsRefusedError: it cannot be read or written
    """
    address = parse_address(url)
    if address.path is not None and not address.path.exists():
        _check_folder(address.path.absolute())
        return LedgerStatus(address.label, None)
    with closing(Reader(address, timeout)) as reader:
        revision = reader.revision()
        if revision != HEAD:
            return LedgerStatus(address.label, revision)
        status = reader.read(lambda connection: _read_status(connection, address))
    _check_writing(address, timeout)
    return status


def _read_status(connection: Connection, address: Address) -> LedgerStatus:
    plain = SqlAlchemyPlain(connection)
    open_batches = [batch for batch in read_batches(plain, 1000) if batch.counts[StoryStatus.QUEUED]]
    return LedgerStatus(
        address.label,
        HEAD,
        server_time=None if address.sqlite else connection.execute(select(func.now())).scalar_one(),
        waiting=min(open_batches, key=_opened_at, default=None),
        failed=count_letters(plain, StoryStatus.FAILED, None),
        unknown=count_unknown(connection),
    )


def _check_writing(address: Address, timeout: float) -> None:
    """Check that nothing blocks an aggregator of this user."""
    if address.path is not None:
        if problem := side_files.unwritable(address.path):
            raise LedgerUnreachableError(f"the ledger {address.label} cannot be written: {problem}")
        if side_files.is_foreign(address.path):
            return
    with closing(Database(address, timeout)) as database, database.writing():
        pass  # the writers' lock was free


def _check_folder(path: Path) -> None:
    """Check that the file can be created if it does not exist yet."""
    folder = next(parent for parent in path.parents if parent.exists())
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise LedgerUnreachableError(
            f"the ledger {path} cannot be created: {folder}: {error.strerror}; set GT_LEDGER_URL"
        ) from None


def _opened_at(batch: BatchSummary) -> datetime:
    return batch.opened_at or datetime.max.replace(tzinfo=UTC)
