"""What gt-batch looks for in its ledger: the orders of operators, found without reading the batch."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.messages import StoryCancelled, StoryStarted, StorySucceeded
from support.samples.events import BATCH, at, letter, story_event


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url) as opened:
        yield opened


def cancel(number: int, seconds: float, **given: object) -> StoryCancelled:
    more: dict[str, object] = {"by": "anna", "purge_at": at(900), "letter": None, **given}
    event = story_event(StoryCancelled, number, seconds, **more)
    assert isinstance(event, StoryCancelled)
    return event


def test_only_what_was_ordered_since_the_last_look_is_found(ledger: Ledger) -> None:
    ledger.apply([story_event(StoryStarted, number) for number in (1, 2, 3)])
    first = ledger.orders(BATCH)
    assert first is not None
    assert list(first.cancelled) == []
    ledger.apply([story_event(StorySucceeded, 1, 5)])
    other = cancel(1, 6).model_copy(update={"batch_id": "other"})
    ledger.apply([other])
    assert ledger.orders(BATCH, first.trace) is None
    ledger.apply([cancel(3, 9), cancel(2, 8), cancel(1, 7)])
    second = ledger.orders(BATCH, first.trace)
    assert second is not None
    assert [(event.position, event.by) for event in second.cancelled] == [(2, "anna"), (3, "anna")]
    ledger.apply([cancel(2, 8, letter=letter(2))])
    assert ledger.orders(BATCH, second.trace) is None, "what gt-batch repeats is not an order"


def test_a_look_reads_an_index_and_no_story(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    query = "SELECT count(*), max(at) FROM gt_stories WHERE batch_id = 'b' AND status = 'cancelled'"
    with sqlite3.connect(path) as connection:
        plan = " ".join(str(row) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
    connection.close()
    assert "USING COVERING INDEX gt_stories_status (batch_id=? AND status=?)" in plan
