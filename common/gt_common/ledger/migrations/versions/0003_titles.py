"""Add the titles of stories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; stories of earlier versions have no title."""
    op.add_column("gt_stories", sa.Column("title", sa.Text))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("gt_stories", "title")
