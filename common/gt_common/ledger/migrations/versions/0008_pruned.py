"""Add the tombstones of batches that gt-prune has removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables, and find events of unknown types by their batch."""
    op.create_table(
        "gt_pruned",
        sa.Column("batch_id", sa.String(64), primary_key=True),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("successful", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Integer, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("videos_removed_at", sa.DateTime(timezone=True)),
        sa.Column("late", sa.Integer, nullable=False),
    )
    op.create_table(
        "gt_pruned_stories",
        sa.Column("url_key", sa.String(32), primary_key=True),
        sa.Column("batch_id", sa.String(64), primary_key=True),
        sa.Column("story_id", sa.String(64), primary_key=True),
        sa.Column("event", sa.Text),
    )
    op.create_index("gt_unknown_events_batch", "gt_unknown_events", ["batch_id"])


def downgrade() -> None:
    """Drop both tables; events of pruned batches that arrive afterwards bring them back in part."""
    op.drop_index("gt_unknown_events_batch", "gt_unknown_events")
    op.drop_table("gt_pruned_stories")
    op.drop_table("gt_pruned")
