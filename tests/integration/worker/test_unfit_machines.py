"""A worker whose machine is out of file handles, on a real broker: no story loses an attempt."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.messages import StoryMessage
from gt_common.settings import Settings
from gt_common.stories import story_id
from support.fleet import command, depth, publish, stopped, tally
from support.waiting import until

pytestmark = pytest.mark.broker

MAKES = """command:sh -c 'sleep 0.2; echo video > v.mp4; echo "{\\"output_path\\": \\"v.mp4\\"}"' """
SLOTS = 6


def story(number: int) -> StoryMessage:
    """Make a story of batch b1."""
    url = f"https://www.reddit.com/comments/{number:x}a/"
    fields = {"batch_id": "b1", "story_id": story_id("b1", url), "position": number}
    return StoryMessage.model_validate({**fields, "url": url, "canonical_url": url})


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is missing")
async def test_a_worker_out_of_file_handles_rests_and_another_makes_its_stories(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    stories = [story(number) for number in range(1, 9)]
    few = ("prlimit", "--nofile=24:24")
    arguments = ("gt-consume", "--orchestrator", MAKES, "--prefetch", str(SLOTS), "--worker-name")
    async with command(environment, *arguments, "sick", before=few) as sick:
        await sick.says("few_file_handles_detected")
        await sick.says("worker_started")
        await publish(settings, *stories)
        await sick.says("worker_rested")
        async with command(environment, *arguments, "well") as well:
            await well.says("worker_started")
            await until(partial(all_made, settings, len(stories)), deadline=60)
            # A video lies there before its event is published.
            assert await stopped(sick, well) == [143, 143]
        assert not [line for line in sick.lines if "Traceback" in line]
    state = await tally(environment, settings, "b1")
    assert state.phase is BatchPhase.DONE
    assert state.counts[StoryStatus.SUCCESS] == len(stories)
    attempts = {one.event.attempt for one in state.stories.values() if one.event is not None}
    assert attempts == {1}
    assert await depth(settings, "dlq") == 0


def all_made(settings: Settings, count: int) -> bool:
    """Whether all videos are finished."""
    return len(list((settings.output / "b1").glob("*.json"))) == count
