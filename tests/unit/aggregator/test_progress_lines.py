"""What an aggregator says while somebody waits for its end."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from gt_consumer.aggregator import command
from support.fakes.aggregator import AggregatorHarness
from support.waiting import until


async def test_it_says_every_few_seconds_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PROGRESS_S", 0.001)
    aggregator = AggregatorHarness().aggregator
    aggregator.tally.taken = 70
    with capture_logs() as lines:
        async with command._progress(aggregator):
            await until(lambda: len(lines) >= 2)
    assert lines[0] == {
        "event": "results_stored", "log_level": "info", "part": "aggregator", "taken": 70, "waiting": 0,
    }  # fmt: skip
