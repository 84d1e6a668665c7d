"""The ledger's tables. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

HEAD: Final = "0003"
VERSION_TABLE: Final = "gt_schema"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite has no time zones, so it stores the time without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert an aware time to the stored form."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a stored time to an aware one."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


# Prefixed names, because the ledger may share a PostgreSQL database with other programs.
metadata = MetaData()

batches = Table(
    "gt_batches",
    metadata,
    Column("batch_id", String(64), primary_key=True),
    Column("since", UtcDateTime, nullable=False),  # time of its earliest event: orders the list
    Column("expected", Integer, nullable=False),
    Column("sealed", Boolean, nullable=False),
    Column("opened", Text),  # the earliest `batch.opened`, as JSON
    Index("gt_batches_since", "since", "batch_id"),
)

stories = Table(
    "gt_stories",
    metadata,
    Column("batch_id", String(64), ForeignKey("gt_batches.batch_id"), primary_key=True),
    Column("story_id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("title", Text),
    # The columns below are copies from the latest event for queries and people; the fold reads the JSON.
    Column("status", String(16), nullable=False),
    Column("generation", Integer),
    Column("attempt", Integer),
    Column("run", Integer),
    Column("at", UtcDateTime),
    Column("event_id", String(64)),
    Column("event", Text),
    Index("gt_stories_status", "batch_id", "status", "at"),
    Index("gt_stories_by_status", "status", "batch_id", "position"),
)

events = Table(
    "gt_events",
    metadata,
    Column("event_id", String(64), primary_key=True),
    Column("batch_id", String(64), ForeignKey("gt_batches.batch_id"), nullable=False),
    Column("type", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("story_id", String(64)),
    Column("generation", Integer),
    Column("attempt", Integer),
    Column("run", Integer),
    Column("worker", Text),
    Column("started_at", UtcDateTime),
    Column("body", Text, nullable=False),
    Index("gt_events_batch", "batch_id", "type"),
)

unknown_events = Table(
    "gt_unknown_events",
    metadata,
    Column("key", String(64), primary_key=True),  # a digest of the body
    Column("type", String(64), nullable=False),
    Column("batch_id", String(64)),
    Column("received_at", UtcDateTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("gt_unknown_events_type", "type"),
)

version = Table("gt_version", metadata, Column("number", Integer, nullable=False))
