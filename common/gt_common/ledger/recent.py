"""Batch ids for shell completion, read without creating or changing a ledger."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import select

from gt_common.ledger.address import parse_address
from gt_common.ledger.head import HEAD
from gt_common.ledger.reading import Reader
from gt_common.ledger.schema import batches, pruned

LIMIT = 100


def recent_batch_ids(url: str, prefix: str, *, timeout: float) -> list[str]:
    """Return the newest batch ids that begin with a prefix; see `gt_common.ledger.recent_batch_ids`."""
    address = parse_address(url)
    if address.path is not None and not address.path.exists():
        return []
    query = (
        select(batches.c.batch_id)
        .where(
            batches.c.batch_id.startswith(prefix, autoescape=True),
            batches.c.batch_id.not_in(select(pruned.c.batch_id)),
        )
        .order_by(batches.c.since.desc(), batches.c.batch_id.desc())
        .limit(LIMIT)
    )
    with closing(Reader(address, timeout)) as reader:
        if reader.revision() != HEAD:
            return []
        return reader.read(lambda connection: list(connection.execute(query).scalars()))
