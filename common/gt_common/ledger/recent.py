"""Batch ids for shell completion, read without creating or changing a ledger."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import select

from gt_common.ledger.address import parse_address
from gt_common.ledger.database import Database
from gt_common.ledger.migrate import read_revision
from gt_common.ledger.schema import HEAD, batches

LIMIT = 100


def recent_batch_ids(url: str, prefix: str, *, timeout: float) -> list[str]:
    """Return the newest batch ids that begin with a prefix; see `gt_common.ledger.recent_batch_ids`."""
    address = parse_address(url)
    if address.path is not None and not address.path.exists():
        return []
    with closing(Database(address, timeout)) as database, database.reading() as connection:
        if read_revision(connection) != HEAD:
            return []
        query = (
            select(batches.c.batch_id)
            .where(batches.c.batch_id.startswith(prefix, autoescape=True))
            .order_by(batches.c.since.desc(), batches.c.batch_id.desc())
            .limit(LIMIT)
        )
        return list(connection.execute(query).scalars())
