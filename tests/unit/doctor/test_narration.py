"""What gt-doctor --try prints of the costs of a run."""

from __future__ import annotations

from gt_consumer.doctor.conformance.narration import describe_report, describe_spent
from gt_consumer.doctor.conformance.record import RunRecord
from gt_consumer.processes.costs import WrongCost
from gt_consumer.processes.protocol import Stage


def test_what_a_run_has_spent_is_one_line_with_its_providers() -> None:
    record = RunRecord("undisturbed")
    assert describe_spent(record, "EUR") is None, "it has not said any"
    record.take_spent({"elevenlabs": 100_000, "gemini": 12_000})
    assert describe_spent(record, "EUR") == "cost 0.11 EUR: elevenlabs, gemini"
    record.take_spent({"studio": 0})
    assert describe_spent(record, "EUR") == "cost 0.00 EUR: studio"


def test_a_wrong_cost_is_told_when_it_is_said() -> None:
    wrong = WrongCost("the amount of a cost is a number from 0 to 5,000,000, not -5")
    record = RunRecord("undisturbed", heard=[(0.7, Stage("voice")), (0.8, wrong)])
    assert describe_report(record) == f"   0.8 s  cost not counted: {wrong.wrong_cost}"
    assert record.last_stage == "voice"
