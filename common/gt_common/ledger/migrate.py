"""Upgrades a ledger to this version's schema; several programs may start at the same time."""

from __future__ import annotations

import random
import time
from pathlib import Path

from sqlalchemy import Connection

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError, UsageError
from gt_common.ledger.database import Database
from gt_common.ledger.head import HEAD
from gt_common.ledger.plain import SqlAlchemyPlain
from gt_common.ledger.unknown import count_known, fold_known
from gt_common.ledger.watch import Watch
from gt_common.log import get_logger

SCRIPTS = Path(__file__).parent / "migrations"

log = get_logger("ledger")


def bring_up_to_date(database: Database) -> None:
    """Create or upgrade the tables if needed.

    Raises:
        UsageError: a newer version of this program created the ledger
        CredentialsRefusedError: the tables are missing or older, and this user may not create them
    """
    if database.address.sqlite:
        _enter_wal(database)
    with database.reading() as connection:
        if read_revision(connection) == HEAD:
            return
    try:
        _upgrade_as_writer(database)
    except CredentialsRefusedError:
        raise CredentialsRefusedError(
            f"the ledger {database.address.label} has no tables of this version yet, and this user may not "
            "create them (permission denied); start gt-aggregate with the user who owns the ledger"
        ) from None


def _upgrade_as_writer(database: Database) -> None:
    with database.writing() as connection:
        # Checked again under the writers' lock: another program may have done it in the meantime.
        if read_revision(connection) != HEAD:
            _upgrade(connection, database.address.label)


def fold_known_events(database: Database, watch: Watch | None = None) -> None:
    """Fold events that were stored by a version that did not know their type, if this one does.

    Parameters:
        watch: writes the notifications that they give rise to
    """
    with database.reading() as connection:
        if not count_known(connection):
            return
    with database.writing() as connection:
        fold_known(connection, watch)


def _enter_wal(database: Database) -> None:
    """Let readers continue while somebody writes (sqlite.org/wal.html); the file keeps the mode.

    The busy timeout does not apply to this switch, so two programs that start at once have to retry.
    """
    deadline = time.monotonic() + database.timeout
    while True:
        try:
            with database.reading() as connection:
                mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            if mode != "wal":
                _switch_to_wal(database)
        except LedgerUnreachableError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - jitter, no secret
        else:
            return


def _switch_to_wal(database: Database) -> None:
    with database.outside_transactions() as connection:
        # Only before there are tables: so that the file can shrink when batches are pruned.
        connection.exec_driver_sql("PRAGMA auto_vacuum = INCREMENTAL")
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def read_revision(connection: Connection) -> str | None:
    """Return the revision of a ledger's tables; None if there are no tables."""
    return SqlAlchemyPlain(connection).revision()


def _upgrade(connection: Connection, label: str) -> None:
    # Alembic takes half a second to load, and most starts do not need it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    revision = read_revision(connection)
    if revision is not None and revision not in known:
        raise UsageError(
            f"the ledger {label} was created by a newer version (schema {revision}, newest known {HEAD}); "
            "upgrade gt-common"
        )
    if revision is not None:  # others wait meanwhile, some seconds for a million stories
        log.info("ledger_upgrade_started", ledger=label, schema=revision, newest=HEAD)
    command.upgrade(config, "head")
