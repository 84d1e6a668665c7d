"""The ledger's tables. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
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
    text,
)

from gt_common.ledger.letter_index import HAS_LETTER, HAS_NO_LETTER


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


def _of_some(name: str, condition: str, *columns: str) -> Index:
    """Return an index that has only the rows which meet a condition."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


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
    Column("rules", Text),  # the stop rules, as JSON
    Column("hold", Text),  # the latest `batch.paused` or `batch.resumed`, as JSON
    # Sums over its stories, in millionths of the currency; null if none has said any.
    Column("cost", BigInteger),
    Column("cost_wasted", BigInteger),
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
    Column("not_before", Text),  # as ISO 8601
    # The columns below are copies from the latest event for queries and people; the fold reads the JSON.
    Column("status", String(16), nullable=False),
    Column("generation", Integer),
    Column("attempt", Integer),
    Column("run", Integer),
    Column("at", UtcDateTime),
    Column("event_id", String(64)),
    Column("event", Text),
    Column("costs", Text),  # what each run has spent, as JSON
    Column("cost", BigInteger),  # its sum, and the part that made no video, in millionths of the currency
    Column("cost_wasted", BigInteger),
    Index("gt_stories_status", "batch_id", "status", "at"),
    Index("gt_stories_by_status", "status", "batch_id", "position"),
    # Of failed and cancelled stories only, with all that a list of letters needs to find the newest; and the
    # few without a letter, so that the others need not be counted.
    _of_some("gt_letters", HAS_LETTER, "status", "at", "story_id", "batch_id", "generation"),
    _of_some("gt_letters_of_batch", HAS_LETTER, "batch_id", "status", "at", "story_id", "generation"),
    _of_some("gt_no_letters", HAS_NO_LETTER, "status", "batch_id", "at", "story_id", "generation"),
)

# How many stories a batch has at a status, kept with every change of one (gt_common.ledger.counts).
counts = Table(
    "gt_counts",
    metadata,
    Column("batch_id", String(64), ForeignKey("gt_batches.batch_id"), primary_key=True),
    Column("status", String(16), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("changes", BigInteger, nullable=False),  # version of the ledger in which one of them changed last
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
    Index("gt_unknown_events_batch", "batch_id"),
)

# What is left of batches that gt-prune has removed: tombstones, so that late events of them are dropped.
pruned = Table(
    "gt_pruned",
    metadata,
    Column("batch_id", String(64), primary_key=True),
    Column("pruned_at", UtcDateTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("total", Integer, nullable=False),
    Column("successful", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),  # whether all its rows in other tables are gone
    Column("videos_removed_at", UtcDateTime),
    Column("late", Integer, nullable=False),  # events that arrived afterwards and were dropped
)

# The stories of such batches, so that a list can still be compared with them.
pruned_stories = Table(
    "gt_pruned_stories",
    metadata,
    Column("url_key", String(32), primary_key=True),  # a digest of the canonical URL
    Column("batch_id", String(64), primary_key=True),
    Column("story_id", String(64), primary_key=True),
    Column("event", Text),  # of a success, as JSON, with what a comparison needs
)

outbox = Table(
    "gt_outbox",
    metadata,
    Column("batch_id", String(64), ForeignKey("gt_batches.batch_id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("generation", Integer, primary_key=True),  # 1, plus one for each end of the batch before
    Column("target", String(64), primary_key=True),  # a digest of its address, which is a secret
    Column("state", String(16), nullable=False),
    Column("detail", Text),
    Column("decided_at", UtcDateTime, nullable=False),  # time of the event that it is about
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("tries", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),  # of the next try; a running one moves it ahead
    Column("holder", String(32), nullable=False),  # the process that makes the next try
    Index("gt_outbox_due", "state", "target", "due_at"),
)

fleet_holds = Table(
    "gt_fleet_holds",
    metadata,
    Column("event_id", String(64), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("body", Text, nullable=False),  # `fleet.paused` or `fleet.resumed`, as JSON
)

version = Table(
    "gt_version",
    metadata,
    Column("number", Integer, nullable=False),
    Column("counted", Integer),  # the version up to which gt_counts is kept
)
