"""Workers that are killed while stories wait for their start: only stories that ran are charged."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from gt_common.messages import StorySucceeded
from gt_common.messaging import topology
from gt_common.rates import parse_rates
from gt_common.settings import Settings
from support.fleet import publish, read_runs, scripted_story, tally, worker
from support.waiting import until

pytestmark = pytest.mark.broker


async def test_a_kill_charges_the_story_that_ran_and_not_the_one_that_waited(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    rates = "stories=1/3s"
    limited = settings.model_copy(update={"rate_limits": parse_rates(rates), "heartbeat": 2})
    own = {**environment, "GT_RATE_LIMITS": rates, "GT_HEARTBEAT": "2"}
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    await topology.declare(limited)
    try:
        stories = [scripted_story("b1", number, runs, until=str(gate)) for number in (1, 2)]
        async with worker(own, "--prefetch", "2") as first:
            await first.says("worker_started")
            await publish(limited, *stories)
            await until(lambda: len(read_runs(runs)) == 1)
            first.send(signal.SIGKILL)
            await first.ends()
        gate.touch()
        async with worker(own, "--prefetch", "2") as second:
            await second.says("story_ended", times=2, deadline=60)
        state = await tally(environment, limited, "b1")
    finally:
        await topology.delete(limited)
    began = read_runs(runs)[0]["story"]
    ends = {story_id: story.event for story_id, story in state.stories.items()}
    attempts = {}
    for story_id, end in ends.items():
        assert isinstance(end, StorySucceeded)
        attempts[story_id == began] = end.attempt
    assert attempts == {True: 2, False: 1}
