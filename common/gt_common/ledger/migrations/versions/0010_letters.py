"""Add the indexes of stories with a letter, and of those without one that might have it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MAY_HAVE_ONE: Final = "status IN ('cancelled', 'failed')"
_HAS_LETTER: Final = f"{_MAY_HAVE_ONE} AND event LIKE '%\"letter\":{{%'"
_HAS_NO_LETTER: Final = f"{_MAY_HAVE_ONE} AND event NOT LIKE '%\"letter\":{{%'"
_INDEXES: Final = (
    ("gt_letters", ["status", "at", "story_id", "batch_id", "generation"], _HAS_LETTER),
    ("gt_letters_of_batch", ["batch_id", "status", "at", "story_id", "generation"], _HAS_LETTER),
    ("gt_no_letters", ["status", "batch_id", "at", "story_id", "generation"], _HAS_NO_LETTER),
)


def upgrade() -> None:
    """Create them; for each all rows are read, but only the events of failed and cancelled stories."""
    for name, columns, condition in _INDEXES:
        where = sa.text(condition)
        op.create_index(name, "gt_stories", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop them."""
    for name, _, _ in _INDEXES:
        op.drop_index(name, "gt_stories")
