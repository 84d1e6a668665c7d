"""Add a place for events of types that only a newer version knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "gt_unknown_events",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("batch_id", sa.String(64)),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("gt_unknown_events_type", "gt_unknown_events", ["type"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("gt_unknown_events")
