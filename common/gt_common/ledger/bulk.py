"""Reads and writes many rows at once, below SQLAlchemy's statements: binding takes longer than the rows.

Only for the ledger's only writer, inside its transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection

from gt_common.ledger.bulk_postgres import BulkPostgres
from gt_common.ledger.bulk_rows import Bulk
from gt_common.ledger.bulk_sqlite import BulkSqlite


def bulk(connection: Connection) -> Bulk:
    """Return the access for a connection's kind of database."""
    return BulkSqlite(connection) if connection.dialect.name == "sqlite" else BulkPostgres(connection)
