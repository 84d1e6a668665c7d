"""Create the ledger: events, batches, stories and the version counter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _create_batches()
    _create_stories()
    _create_events()
    number = op.create_table("gt_version", sa.Column("number", sa.Integer, nullable=False))
    op.bulk_insert(number, [{"number": 0}])


def downgrade() -> None:
    """Drop every table."""
    for name in ("gt_version", "gt_events", "gt_stories", "gt_batches"):
        op.drop_table(name)


def _create_batches() -> None:
    op.create_table(
        "gt_batches",
        sa.Column("batch_id", sa.String(64), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected", sa.Integer, nullable=False),
        sa.Column("sealed", sa.Boolean, nullable=False),
        sa.Column("opened", sa.Text),
    )
    op.create_index("gt_batches_since", "gt_batches", ["since", "batch_id"])


def _create_stories() -> None:
    op.create_table(
        "gt_stories",
        sa.Column("batch_id", sa.String(64), sa.ForeignKey("gt_batches.batch_id"), primary_key=True),
        sa.Column("story_id", sa.String(64), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("generation", sa.Integer),
        sa.Column("attempt", sa.Integer),
        sa.Column("run", sa.Integer),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("event_id", sa.String(64)),
        sa.Column("event", sa.Text),
    )
    op.create_index("gt_stories_status", "gt_stories", ["batch_id", "status", "at"])
    op.create_index("gt_stories_by_status", "gt_stories", ["status", "batch_id", "position"])


def _create_events() -> None:
    op.create_table(
        "gt_events",
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("batch_id", sa.String(64), sa.ForeignKey("gt_batches.batch_id"), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("story_id", sa.String(64)),
        sa.Column("generation", sa.Integer),
        sa.Column("attempt", sa.Integer),
        sa.Column("run", sa.Integer),
        sa.Column("worker", sa.Text),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("gt_events_batch", "gt_events", ["batch_id", "type"])
