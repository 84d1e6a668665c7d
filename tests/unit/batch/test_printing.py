"""What gt-batch prints at the end of a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gt_common.cli.stop_rules import parse_cost_limit
from gt_common.ledger import open_ledger
from gt_common.lifecycle import fold
from gt_common.messages import Event, StopRules
from gt_common.settings import load_settings
from gt_consumer.batch.engine import RunEnd
from gt_consumer.batch.printing import say_run_end
from gt_consumer.batch.stop_rules import RunRules
from support.samples.events import BATCH, opened, spent


@pytest.mark.parametrize(("limit", "shown"), [(1_000_000, "3"), (200_000, "3"), (1_500_001, "3.000002")])
def test_the_command_that_continues_has_a_limit_above_what_was_spent(
    limit: int, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events: list[Event] = [opened(2), spent(1, cost={"voice": 1_500_000})]
    rules = RunRules(StopRules(max_cost=limit), 2, fold(BATCH, events))
    rules.begin()
    rules.take(spent(2, cost={"voice": 1}))
    with open_ledger(load_settings(ledger_url=f"sqlite:///{tmp_path}/ledger.db").ledger) as ledger:
        ledger.apply(events)
        say_run_end(RunEnd.STOPPED_BY_RULE, ledger.overview(BATCH), rules, "USD")
    said = re.search(r"--max-cost ([0-9.]+)$", capsys.readouterr().err)
    assert said is not None
    assert parse_cost_limit(said[1]) > rules.cost
    assert said[1].startswith(shown)
