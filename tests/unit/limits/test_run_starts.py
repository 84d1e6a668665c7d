"""What a worker remembers of the runs that really started."""

from __future__ import annotations

from gt_common.messaging.rate_limits.notices import StartNotice
from gt_consumer.limits.run_starts import REMEMBERED, RunStarts


def test_each_start_counts_and_the_oldest_run_is_forgotten() -> None:
    starts = RunStarts()
    for number in range(REMEMBERED + 1):
        starts.add(StartNotice(run=str(number)))
    starts.add(StartNotice(run="1"))
    assert [starts.count(run) for run in ("0", "1", "2")] == [0, 2, 1]
