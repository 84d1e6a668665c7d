"""Add the outbox of notifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; batches that ended before are not told."""
    op.create_table(
        "gt_outbox",
        sa.Column("batch_id", sa.String(64), sa.ForeignKey("gt_batches.batch_id"), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True),
        sa.Column("target", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder", sa.String(32), nullable=False),
    )
    op.create_index("gt_outbox_due", "gt_outbox", ["state", "target", "due_at"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("gt_outbox")
