"""Add the counts of stories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; what is in it is counted by the first writer, until when readers count themselves."""
    op.create_table(
        "gt_counts",
        sa.Column("batch_id", sa.String(64), sa.ForeignKey("gt_batches.batch_id"), primary_key=True),
        sa.Column("status", sa.String(16), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
    )
    op.add_column("gt_version", sa.Column("counted", sa.Integer))


def downgrade() -> None:
    """Drop the table."""
    op.drop_column("gt_version", "counted")
    op.drop_table("gt_counts")
