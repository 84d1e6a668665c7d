"""What gt-batch says of costs: in the report and its list, for stories that fail, and in the next dry run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support.fleet import BIN
from support.samples.batches import gt_batch, no_broker, write_list

PROGRAM = """\
import sys
print('{"usage": {"provider": "elevenlabs", "unit": "character", "quantity": 10000}}')
if sys.argv[1] == "fail":
    sys.exit(1)
open("video.mp4", "w").write("video")
print('{"output_path": "video.mp4"}')
"""


def test_costs_of_a_batch_and_what_the_next_one_will_cost(tmp_path: Path) -> None:
    (tmp_path / "dime.py").write_text(PROGRAM)
    (tmp_path / "prices.toml").write_text("elevenlabs.character = 0.00001\n")
    line = f"command:{sys.executable} {tmp_path}/dime.py {{options.do}}"
    environment = no_broker(tmp_path, GT_CURRENCY="EUR", GT_PRICES=str(tmp_path / "prices.toml"))
    listed = write_list(tmp_path, [{"do": "make"}, {"do": "fail"}])
    arguments = ["-f", str(listed), "--orchestrator", line, "--max-attempts", "2"]

    done = gt_batch(environment, *arguments, "--batch-id", "b1", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert [report[name] for name in ("cost", "cost_wasted", "currency")] == [0.3, 0.2, "EUR"]
    assert [(one["cost"], one["cost_wasted"]) for one in report["results"]] == [(0.1, 0.0), (0.2, 0.2)]
    assert "cost 0.30 EUR" in done.stderr

    dry = gt_batch(environment, *arguments, "-n", "--json", "--force")
    plan = json.loads(dry.stdout)
    assert [plan[name] for name in ("estimate_cost", "estimate_cost_from", "currency")] == [0.2, 1, "EUR"]
    assert "estimated cost: 0.20 EUR (median of 1 video: 0.10 EUR each)" in dry.stderr
    other = gt_batch(
        environment, "-f", str(listed), "--orchestrator", "command:true", "-n", "--json", "--force"
    )
    assert json.loads(other.stdout)["estimate_cost"] is None, "another orchestrator has other prices"

    command = [str(BIN / "gt-report"), "--json"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    [batch] = json.loads(shown.stdout)
    assert [batch[name] for name in ("cost", "cost_wasted", "currency")] == [0.3, 0.2, "EUR"]
