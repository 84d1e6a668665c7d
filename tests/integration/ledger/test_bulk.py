"""Rows that are written below SQLAlchemy, on PostgreSQL while a thread waits for the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pytest

from gt_common.errors import MalformedMessageError
from gt_common.ledger import open_ledger
from gt_common.ledger.bulk import bulk
from gt_common.ledger.bulk_rows import Row
from gt_common.ledger.ledger import Ledger
from gt_common.ledger.schema import events
from support.samples.events import BATCH, opened

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
IDS = [f"event-{number}" for number in range(1201)]
"""Of more events than go into one COPY."""


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url) as made:
        made.apply([opened(1)])
        yield made


def event_row(event_id: str, batch_id: str = BATCH) -> Row:
    return (event_id, batch_id, "story.started", NOON, None, None, None, None, None, None, "{}")


def stored(ledger: Ledger) -> set[str]:
    with ledger._database.writing() as connection:
        return bulk(connection).stored_events([*IDS, "orphan"])


def write(ledger: Ledger, *parts: Iterable[Row], broken: bool = False) -> None:
    """Write rows of events in one block of one transaction.

    Parameters:
        broken: whether the block raises an error at its end
    """
    with ledger._database.writing() as connection:
        access = bulk(connection)
        with access.writing():
            for rows in parts:
                access.insert(events, rows)
            if broken:
                raise KeyError("broken")
        assert access.stored_events(IDS) == set(IDS)


def test_what_a_block_writes_is_there_at_its_end(ledger: Ledger) -> None:
    write(ledger, map(event_row, IDS[:-1]), [event_row(IDS[-1])])
    assert stored(ledger) == set(IDS)


def test_a_write_that_fails_fails_the_transaction(ledger: Ledger) -> None:
    with pytest.raises(MalformedMessageError, match="the ledger cannot store an event"):
        write(ledger, [event_row("orphan", "no such batch")], map(event_row, IDS))
    assert stored(ledger) == set()


def test_a_block_that_fails_leaves_nothing_and_raises_its_own_error(ledger: Ledger) -> None:
    with pytest.raises(KeyError, match="broken"):
        write(ledger, map(event_row, IDS), broken=True)
    assert stored(ledger) == set()
