"""Add the stop rules of batches and the start times of stories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; batches and stories of earlier versions have neither."""
    op.add_column("gt_batches", sa.Column("rules", sa.Text))
    op.add_column("gt_stories", sa.Column("not_before", sa.Text))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("gt_stories", "not_before")
    op.drop_column("gt_batches", "rules")
