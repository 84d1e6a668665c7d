"""Pauses in the ledger: of a batch, of the fleet, in any order, and in ledgers of earlier versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import pytest

from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.lifecycle import fold
from gt_common.messages import BatchPaused, BatchResumed, Event, FleetPaused, FleetResumed
from support.ledger_versions import take_back
from support.samples.events import BATCH, fleet_hold, hold, opened


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """Yield an empty ledger."""
    with open_ledger(ledger_url) as opened_ledger:
        yield opened_ledger


EVENTS: Sequence[Event] = (
    opened(2),
    hold(BatchPaused, 1, 1, by="anna", reason="too loud"),
    hold(BatchResumed, 2, 0),
    hold(BatchPaused, 2, 2, by="bob"),
    fleet_hold(FleetPaused, 3, 1, by="eve"),
    fleet_hold(FleetResumed, 3, 0),
)


def test_whatever_the_order_the_pauses_are_those_of_the_fold(ledger: Ledger) -> None:
    for number, order in enumerate(list(permutations(EVENTS))[::120]):
        name = f"b{number}"
        of_batch = [
            event.model_copy(update={"event_id": f"{name}.{event.event_id[:20]}"})
            if isinstance(event, FleetPaused | FleetResumed)
            else event.model_copy(update={"batch_id": name, "event_id": f"{name}.{event.event_id[:20]}"})
            for event in order
        ]
        for event in of_batch:
            ledger.apply([event])
        assert ledger.apply(of_batch) == 0
        expected = fold(name, of_batch)
        assert ledger.hold(name) == expected.hold
        assert ledger.batch(name).hold == expected.hold
        assert ledger.batch(name).paused == ledger.overview(name).paused == expected.hold
        assert ledger.fleet_hold() is not None


def test_a_pause_of_the_fleet_shows_in_every_open_batch_and_changes_the_version(ledger: Ledger) -> None:
    ledger.apply([opened(1), opened(1, batch_id="other")])
    version = ledger.version()
    pause = fleet_hold(FleetPaused, by="eve")
    assert ledger.apply([pause]) == 1
    assert ledger.version() > version
    assert ledger.fleet_hold() == pause
    assert [summary.paused for summary in ledger.batches()] == [pause, pause]
    assert ledger.head("other").fleet == pause
    own = hold(BatchPaused, by="anna")
    ledger.apply([own])
    assert ledger.paused_batches() == [own]
    assert {summary.batch_id: summary.paused for summary in ledger.batches()} == {BATCH: own, "other": pause}
    ledger.apply([fleet_hold(FleetResumed, 2), hold(BatchResumed, 2)])
    assert ledger.paused_batches() == []
    assert [summary.paused for summary in ledger.batches()] == [None, None]


def test_a_ledger_of_an_earlier_version_gets_a_place_for_pauses(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply([opened(1)])
        before = ledger.batch(BATCH)
        take_back(ledger, "0005")
    with open_ledger(ledger_url) as ledger:
        assert ledger.batch(BATCH) == before
        ledger.apply([hold(BatchPaused)])
        assert ledger.batch(BATCH).paused is not None
