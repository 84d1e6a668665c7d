"""Add what stories have cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nothing is known of the costs of earlier versions."""
    op.add_column("gt_stories", sa.Column("costs", sa.Text))
    for table in ("gt_stories", "gt_batches"):
        op.add_column(table, sa.Column("cost", sa.BigInteger))
        op.add_column(table, sa.Column("cost_wasted", sa.BigInteger))


def downgrade() -> None:
    """Drop the columns."""
    for table in ("gt_batches", "gt_stories"):
        op.drop_column(table, "cost_wasted")
        op.drop_column(table, "cost")
    op.drop_column("gt_stories", "costs")
