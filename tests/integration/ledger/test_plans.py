"""How PostgreSQL finds the rows of a group of events: it knows nothing of a ledger that has just begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from gt_common.ledger import open_ledger
from gt_common.ledger.bulk import bulk
from gt_common.ledger.bulk_rows import Row, StoryKey
from gt_common.ledger.schema import stories
from gt_common.messages import BatchStories
from support.samples.events import BATCH, entry, opened

pytestmark = pytest.mark.postgres
STORIES = 3000
"""So many that an index of which the planner believes that it is as good would read much more."""
CHANGED = range(1, 501)


@pytest.fixture
def writer(postgres_url: str) -> Iterator[Connection]:
    """Yield the connection of the only writer to a ledger with one batch."""
    with open_ledger(postgres_url) as ledger:
        lines = [entry(number) for number in range(1, STORIES + 1)]
        parts = [tuple(lines[start : start + 500]) for start in range(0, STORIES, 500)]
        ledger.apply([opened(STORIES), *(BatchStories(batch_id=BATCH, stories=part) for part in parts)])
        with ledger._database.writing() as connection:
            yield connection


def scans(connection: Connection, index: str) -> int:
    query = text("SELECT pg_stat_get_xact_numscans(CAST(:index AS regclass))")
    number: int = connection.execute(query, {"index": index}).scalar_one()
    return number


def test_stories_are_found_and_replaced_by_their_keys_only(writer: Connection) -> None:
    others = ("gt_stories_status", "gt_stories_by_status")
    before = [scans(writer, index) for index in others]
    access = bulk(writer)
    keys: list[StoryKey] = [(BATCH, f"story-{number}") for number in CHANGED]
    found = list(access.stored_stories([*keys, (BATCH, "another"), ("another", "story-1")]))
    assert [(story.batch_id, story.story_id) for story in found] == keys
    when = datetime(2026, 3, 1, tzinfo=UTC)
    rows: list[Row] = [(*story[:7], "failed", 1, 1, 1, when, None, None, None, None, None) for story in found]
    access.replace(stories, keys, rows)
    assert [scans(writer, index) for index in others] == before
    counted = text("SELECT status, count(*) FROM gt_stories GROUP BY 1 ORDER BY 1")
    assert [*writer.execute(counted)] == [("failed", len(CHANGED)), ("queued", STORIES - len(CHANGED))]


def test_a_table_without_an_index_is_changed_without_compiling_the_statement(writer: Connection) -> None:
    bulk(writer)
    plan = writer.execute(text("EXPLAIN (ANALYZE) UPDATE gt_version SET number = number"))
    assert not [line for line in plan.scalars() if "JIT" in line]
