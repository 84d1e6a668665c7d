"""What gt-dlq loads to list dead letters: a short list is all start."""

from __future__ import annotations

import subprocess
import sys


def test_listing_loads_no_events_of_stories() -> None:
    code = "import sys, gt_consumer.deadletters.command_read; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert "gt_common.messaging.browse" in loaded
    unneeded = {"messages.events", "messages.story_events", "messages.hold_events", "ledger.views"}
    assert not {f"gt_common.{name}" for name in unneeded} & {*loaded}
