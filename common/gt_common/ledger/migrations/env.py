"""Run by Alembic for every migration; migrate.py provides the connection and its transaction."""

from __future__ import annotations

from alembic import context

from gt_common.ledger.head import VERSION_TABLE
from gt_common.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
