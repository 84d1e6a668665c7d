"""A batch that may cost only so much: it warns, stops, says how to continue, and continues."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from gt_common.lifecycle import StoryStatus
from support.notified import NotifiedServer
from support.samples.batches import batch_state, gt_batch, ledger_url, no_broker

PROGRAM = """\
echo '{"cost": {"provider": "elevenlabs", "amount": 0.10}}'
echo video > "$1/video.mp4"
echo '{"output_path": "'"$1"'/video.mp4", "duration": 61.0}'
"""
STORIES = 20


def spent(folder: Path) -> int:
    """Return the millionths of a dollar that the batch has cost."""
    with open_ledger(ledger_url(folder)) as ledger:
        return ledger.head("b1").cost or 0


@pytest.fixture
def server() -> Iterator[NotifiedServer]:
    """Yield a running server."""
    with NotifiedServer.run() as server:
        yield server


def test_twenty_stories_of_ten_cents_with_a_limit_of_one_dollar(
    server: NotifiedServer, tmp_path: Path
) -> None:
    (tmp_path / "program.sh").write_text(PROGRAM)
    listed = tmp_path / "list.jsonl"
    listed.write_text("\n".join(json.dumps({"url": f"https://redd.it/s{n:02}"}) for n in range(STORIES)))
    environment = no_broker(tmp_path, GT_NOTIFY=server.url("phone"))
    run = (
        "--orchestrator",
        f"command:sh {tmp_path / 'program.sh'} {{workdir}}",
        "--parallel",
        "2",
    )
    stopped = gt_batch(environment, "-f", str(listed), "--batch-id", "b1", "--max-cost", "1.00", *run)
    assert stopped.returncode == 5, stopped.stderr
    assert stopped.stderr.count("0.80 USD of 1.00 USD spent (--max-cost)") == 1
    # Twice what it has cost: 1.00, or 1.10 with a story that was running.
    assert re.search(r"continue with: gt-batch --resume b1 --max-cost 2(\.20)?\n", stopped.stderr)
    warning, stop = server.of("phone")
    assert warning.title.endswith("of its budget is spent")
    assert stop.title == "Batch b1: stopped by a rule"
    assert "The batch has cost 1." in stop.body
    assert 1_000_000 <= spent(tmp_path) <= 1_200_000
    begun = batch_state(tmp_path, "b1").counts[StoryStatus.SUCCESS]
    assert 10 <= begun <= 12
    again = gt_batch(environment, "--resume", "b1")
    assert again.returncode == 5, "what is spent stays spent"
    assert batch_state(tmp_path, "b1").counts[StoryStatus.SUCCESS] == begun
    done = gt_batch(environment, "--resume", "b1", "--max-cost", "3")
    assert done.returncode == 0, done.stderr
    assert batch_state(tmp_path, "b1").counts[StoryStatus.SUCCESS] == STORIES
    assert spent(tmp_path) == 2_000_000
