"""What the tests of gt-batch share: lists for `Scripted`, an environment without a broker, and cancels."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.lifecycle import BatchState
from gt_common.messages import StoryCancelled
from support.fleet import BIN, TESTS
from support.samples.events import NOON

SCRIPTED = ("--orchestrator", "support.orchestrators.fleet:Scripted")


def write_list(folder: Path, options: Sequence[Mapping[str, object]], runs: Path | None = None) -> Path:
    """Write a list with one story for each of the options; every run is recorded in a file."""
    noted = {"runs": str(runs or folder / "runs")}
    lines = [
        json.dumps({"url": f"https://redd.it/s{place:02}", "options": noted | dict(one)})
        for place, one in enumerate(options, start=1)
    ]
    path = folder / "list.jsonl"
    path.write_text("\n".join(lines))
    return path


def no_broker(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment with its own folders, short delays and a broker that does not answer."""
    return {
        **os.environ,
        "GT_AMQP_URL": "amqp://nobody:nothing@127.0.0.1:1/",
        "GT_LEDGER_URL": ledger_url(folder),
        "GT_OUTPUT": str(folder / "outputs"),
        "GT_STATE_DIR": str(folder / "state"),
        "GT_RETRY_DELAYS": "100ms,200ms",
        "NO_COLOR": "1",
        "PYTHONPATH": str(TESTS),
        **more,
    }


def ledger_url(folder: Path) -> str:
    """Return the URL of the ledger of `no_broker`."""
    return f"sqlite:///{folder / 'ledger.db'}"


def batch_state(folder: Path, batch_id: str) -> BatchState:
    """Return a batch from the ledger of `no_broker`."""
    with open_ledger(ledger_url(folder)) as ledger:
        return ledger.batch(batch_id)


def gt_batch(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run gt-batch to its end."""
    return subprocess.run(
        [BIN / "gt-batch", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=TESTS,
    )


def cancels(
    ledger: Ledger, batch_id: str, *positions: int, running: Literal["stop", "finish"] = "stop"
) -> list[StoryCancelled]:
    """Cancel the stories at some places in the ledger, as gt-control does. Return the events."""
    stories = {story.position: story for story in ledger.batch(batch_id).stories.values()}
    events = [
        StoryCancelled(
            batch_id=batch_id,
            story_id=stories[position].story_id,
            position=position,
            url=stories[position].url,
            by="anna",
            reason="wrong list",
            running=running,
            at=NOON,
            purge_at=NOON,
        )
        for position in positions
    ]
    ledger.apply(events)
    return events
