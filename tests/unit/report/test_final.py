"""The report at the end of a command, and the exit code that judges the batch."""

from __future__ import annotations

import json

import pytest

from gt_common.lifecycle import BatchPhase
from gt_common.report.building import WholeBatch
from gt_common.report.final import exit_code, print_final_report
from support.samples.events import BATCH
from support.samples.reports import finished


@pytest.mark.parametrize(
    ("phase", "code"), [(BatchPhase.OPEN, 8), (BatchPhase.DONE, 0), (BatchPhase.DONE_WITH_FAILURES, 1)]
)
def test_each_phase_has_its_exit_code(phase: BatchPhase, code: int) -> None:
    assert exit_code(phase) == code


def test_json_goes_to_standard_output_and_the_table_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = WholeBatch.of_state(finished())
    print_final_report(report, as_json=True)
    shown = capsys.readouterr()
    assert (json.loads(shown.out)["batch_id"], shown.err) == (BATCH, "")
    print_final_report(report, as_json=False)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"Batch {BATCH}" in shown.err
