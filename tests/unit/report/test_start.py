"""What gt-report loads to show a batch whose videos are made: a small report is all start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gt_common.ledger import open_ledger
from gt_common.messages import StorySucceeded
from support.samples.events import BATCH, opened, story_event

HEAVY = {"sqlalchemy", "jinja2", "structlog", "asyncio"}
EVENTS = {f"gt_common.messages.{name}" for name in ("events", "story_events", "hold_events")}

SCRIPT = """
import sys
from gt_consumer.report.cli import app
try:
    app([sys.argv[1]])
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_a_report_of_videos_loads_no_events_of_stories(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_ledger(url) as ledger:
        ledger.apply([opened(1), story_event(StorySucceeded, 1, duration_s=30, video_s=61.0)])
    shown = subprocess.run(
        [sys.executable, "-c", SCRIPT, BATCH],
        env={"GT_LEDGER_URL": url, "GT_STATE_DIR": str(tmp_path), "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "1/1 finished" in shown.stdout
    loaded = {*shown.stderr.split()}
    assert "gt_common.report.table" in loaded
    assert not (HEAVY | EVENTS) & loaded
