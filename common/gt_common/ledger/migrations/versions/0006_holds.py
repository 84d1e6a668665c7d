"""Add the pauses of batches and of the fleet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table; no batch of earlier versions was ever paused."""
    op.add_column("gt_batches", sa.Column("hold", sa.Text))
    op.create_table(
        "gt_fleet_holds",
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop the column and the table."""
    op.drop_table("gt_fleet_holds")
    op.drop_column("gt_batches", "hold")
