"""Migrations: from an empty database to the schema of the code, without a difference; never backwards."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from gt_common.errors import UsageError
from gt_common.ledger import open_ledger
from gt_common.ledger.head import HEAD, VERSION_TABLE
from gt_common.ledger.migrate import SCRIPTS
from gt_common.ledger.schema import metadata
from gt_common.messages import BatchStories
from support.ledger_versions import take_back
from support.samples.events import BATCH, entry, opened, spent

BEFORE_COSTS = "0006"


def test_there_is_one_head_and_the_code_knows_it() -> None:
    assert ScriptDirectory(str(SCRIPTS)).get_heads() == [HEAD]


def test_an_empty_database_gets_the_tables_that_the_code_says(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger, ledger._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, VERSION_TABLE}


def test_opening_again_changes_nothing(ledger_url: str) -> None:
    for _ in range(2):
        with open_ledger(ledger_url) as ledger, ledger._database.reading() as connection:
            assert connection.execute(text("SELECT number FROM gt_version")).scalars().all() == [0]


def test_a_ledger_of_a_newer_version_is_left_alone(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger, ledger._database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608
    with pytest.raises(UsageError, match=r"newer version \(schema 9999.*upgrade gt-common"):
        open_ledger(ledger_url)


def test_a_half_made_migration_leaves_nothing(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise InterruptedError

    monkeypatch.setattr("alembic.op.bulk_insert", fail)
    with pytest.raises(InterruptedError):
        open_ledger(ledger_url)
    monkeypatch.undo()
    with open_ledger(ledger_url) as ledger:
        assert ledger.version() == 0


def test_a_batch_without_costs_is_kept_and_may_get_some(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply([opened(1), BatchStories(batch_id=BATCH, stories=(entry(1),))])
        before = ledger.batch(BATCH)
        take_back(ledger, BEFORE_COSTS)
    with open_ledger(ledger_url) as ledger:
        assert ledger.batch(BATCH) == before
        assert ledger.head(BATCH).cost is None
        ledger.apply([spent(cost={"elevenlabs": 5})])
        assert (ledger.head(BATCH).cost, ledger.head(BATCH).cost_wasted) == (5, 5)


def test_what_a_ledger_of_an_earlier_version_has_is_kept(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply([opened(1), BatchStories(batch_id=BATCH, stories=(entry(1),))])
        before = ledger.batch(BATCH)
        take_back(ledger, "0002")
    with open_ledger(ledger_url) as ledger:
        assert ledger.batch(BATCH) == before
        ledger.apply([BatchStories(batch_id=BATCH, stories=(entry(1, title="My sister"),))])
        assert ledger.batch(BATCH).stories["story-1"].title == "My sister"
        ledger.apply([opened(1, 1, max_cost=30_000_000)])
        rules = ledger.batch(BATCH).rules
        assert rules is not None
        assert rules.max_cost == 30_000_000
