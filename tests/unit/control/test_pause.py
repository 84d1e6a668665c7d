"""gt-control pause and resume without a broker: what is ordered, and batches of gt-batch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gt_common.errors import LedgerUnreachableError, NoSuchBatchError, UsageError
from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.ledger.queries.batches import BatchHead
from gt_common.lifecycle import BatchPhase
from gt_common.messages import (
    GT_BATCH,
    BatchPaused,
    BatchResumed,
    FailureLimit,
    FleetPaused,
    FleetResumed,
    StopRules,
    utc_now,
)
from gt_common.messaging.control.notices import HoldNotice, ReleaseNotice
from gt_common.settings import Settings, load_settings
from gt_consumer.control import command_pause
from gt_consumer.control.command_pause import change_pause
from gt_consumer.control.pause import PauseOrder, Standing
from gt_consumer.control.pause_rules import fit_rules
from support.samples.events import BATCH, NOON, hold, opened

RULES = StopRules(max_failures=FailureLimit(percent=50), max_cost=3_000_000)


def order(*, pause: bool, batch: str | None = BATCH, rules: StopRules | None = None) -> PauseOrder:
    return PauseOrder(batch, pause, "ann@desk", "too loud", rules)


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    return load_settings(ledger_url=f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def ledger(plain: Settings) -> Iterator[Ledger]:
    with open_ledger(plain.ledger) as found:
        found.apply([opened(2).model_copy(update={"made_by": GT_BATCH})])
        yield found


def change(plain: Settings, given: PauseOrder) -> int:
    return change_pause(plain, given, yes=True, ask=bool, as_json=True)


@pytest.mark.parametrize(
    ("pause", "batch", "notice", "event"),
    [
        (True, BATCH, HoldNotice, BatchPaused),
        (False, BATCH, ReleaseNotice, BatchResumed),
        (True, None, HoldNotice, FleetPaused),
        (False, None, ReleaseNotice, FleetResumed),
    ],
)
def test_notice_and_event_say_the_same(
    pause: bool, batch: str | None, notice: type[object], event: type[object]
) -> None:
    given = order(pause=pause, batch=batch)
    for one, kind in ((given.notice(7), notice), (given.event(7), event)):
        assert isinstance(one, kind)
        assert (one.revision, one.by, one.reason, one.at) == (7, "ann@desk", "too loud", given.at)


def test_a_command_that_was_killed_between_its_order_and_its_event_is_finished_by_the_next() -> None:
    ordered = HoldNotice(batch_id=BATCH, revision=3, at=NOON, by="ann")
    assert Standing(None, None).revision == 0
    assert Standing(None, None).is_so(paused=False)
    half = Standing(ordered, hold(BatchResumed, 2))
    assert half.revision == 3
    assert not half.is_so(paused=True)
    assert not half.is_so(paused=False)
    assert Standing(ordered, hold(BatchPaused, 3)).is_so(paused=True)


def test_stop_rules_are_those_of_a_batch() -> None:
    event = order(pause=False, rules=RULES).event(1)
    assert isinstance(event, BatchResumed)
    assert (event.max_failures, event.max_cost) == (RULES.max_failures, RULES.max_cost)
    with pytest.raises(UsageError, match="name the batch"):
        order(pause=False, batch=None, rules=RULES)


def test_a_batch_of_gt_batch_is_paused_in_its_ledger(
    plain: Settings, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    assert change(plain, order(pause=True)) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["paused"], document["changed"], document["revision"]) == (True, True, 1)
    paused = ledger.hold(BATCH)
    assert isinstance(paused, BatchPaused)
    assert (paused.by, paused.reason) == ("ann@desk", "too loud")
    assert change(plain, order(pause=True)) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert change(plain, order(pause=False, rules=RULES)) == 0
    resumed = ledger.batch(BATCH)
    assert resumed.paused is None
    assert resumed.rules is not None
    assert resumed.rules.max_cost == RULES.max_cost


def test_a_pause_that_followed_at_once_is_not_shown_as_a_resumed_batch(
    plain: Settings, ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resume(*_: object) -> command_pause.Ordered:
        again = BatchPaused(batch_id=BATCH, revision=3, by="stop rule", reason="1 of 2 stories failed")
        ledger.apply([hold(BatchResumed, 2), again])
        return command_pause.Ordered(2, was_paused=True)

    monkeypatch.setattr(command_pause, "pause_local", resume)
    assert change(plain, order(pause=False)) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["paused"], document["by"], document["revision"]) == (True, "stop rule", 3)
    assert f"batch {BATCH} was paused since then by stop rule: 1 of 2 stories failed" in said.err


def test_a_pause_that_no_aggregator_takes_is_a_document_and_an_error(
    plain: Settings,
    ledger: Ledger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ledger.hold(BATCH) is None
    untaken = command_pause.Ordered(1, was_paused=False, taken=False)
    monkeypatch.setattr(command_pause, "pause_local", lambda *_: untaken)
    with pytest.raises(LedgerUnreachableError, match="no aggregator took it into the ledger within 10 s"):
        change(plain, order(pause=True))
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["paused"], document["changed"], document["in_ledger"]) == (False, True, False)
    assert said.err == ""


def test_new_rules_of_a_batch_that_is_not_paused_are_said_as_such(
    plain: Settings, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    assert change(plain, order(pause=False, rules=RULES)) == 0
    assert ledger.batch(BATCH).rules is not None
    said = capsys.readouterr().err
    assert f"batch {BATCH} was not paused; its new stop rules count from now on" in said
    assert "resumed" not in said


def fitted(
    given: PauseOrder, *, cost: int | None, rules: StopRules | None, phase: BatchPhase = BatchPhase.OPEN
) -> PauseOrder:
    return fit_rules(given, BatchHead(BATCH, opened(2), 2, sealed=True, rules=rules, cost=cost), phase, "USD")


@pytest.mark.parametrize(
    ("before", "given"),
    [(1_000_000, None), (1_000_000, 1_700_000), (None, 1_000_000), (1_000_000, 500_000)],
)
def test_a_batch_that_has_cost_what_it_may_cost_is_not_resumed(before: int | None, given: int | None) -> None:
    rules = StopRules(max_cost=given) if given else None
    with pytest.raises(UsageError, match=r"batch batch-1 has cost 1\.70 USD and may cost .* --max-cost"):
        fitted(order(pause=False, rules=rules), cost=1_700_000, rules=StopRules(max_cost=before))


def test_a_batch_below_its_limit_is_resumed() -> None:
    given = order(pause=False, rules=StopRules(max_cost=1_700_001))
    assert fitted(given, cost=1_700_000, rules=StopRules(max_cost=1_000_000)) == given
    given = order(pause=False)
    assert fitted(given, cost=None, rules=StopRules(max_cost=1)) == given
    assert fitted(given, cost=2, rules=StopRules(max_cost=1), phase=BatchPhase.DONE) == given
    given = order(pause=True)
    assert fitted(given, cost=1, rules=StopRules(max_cost=1)) == given


def test_a_new_limit_counts_although_the_clock_of_its_operator_is_behind() -> None:
    made = opened(2).model_copy(
        update={
            "at": utc_now() + timedelta(hours=1),
            "max_cost": 1_000_000,
            "max_failures": FailureLimit(count=1),
        }
    )
    rules = StopRules().after(made)
    given = fitted(order(pause=False, rules=RULES), cost=None, rules=rules)
    event = given.event(2)
    assert isinstance(event, BatchResumed)
    after = rules.after(event)
    assert (after.max_cost, after.max_failures) == (RULES.max_cost, RULES.max_failures)


def test_a_batch_that_the_ledger_does_not_know_is_not_paused(plain: Settings) -> None:
    with pytest.raises(NoSuchBatchError, match="no batch 'nightly'"):
        change(plain, order(pause=True, batch="nightly"))
