"""The log of a real worker, filtered by a story: every line about it is found, and no line of another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gt_common.messages import StoryMessage
from gt_common.messaging import topology
from gt_common.rates import parse_rates
from gt_common.settings import Settings
from support.fleet import command, publish, scripted_story

pytestmark = pytest.mark.broker

RATE = "voice=1/second"
EVENTS_OF_A_RUN = {
    "story_started",
    "output_line_printed",
    "provider_wait_started",
    "provider_wait_ended",
    "story_ended",
}


async def test_a_filter_by_story_finds_every_line_of_it_with_the_same_keys(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """One child makes both stories in turn; its second must not be logged as its first."""
    limited = settings.model_copy(update={"rate_limits": parse_rates(RATE)})
    await topology.declare(limited)
    stories = [scripted_story("b1", n, tmp_path, word=f"word-{n}", turns=2) for n in (1, 2)]
    environment |= {"GT_RATE_LIMITS": RATE, "GT_WORKER_NAME": "w7", "GT_RETRY_DELAYS": "1s"}
    orchestrator = ["--orchestrator", "support.orchestrators.talking:Talking"]
    try:
        async with command(environment, "gt-consume", *orchestrator) as worker:
            await publish(limited, *stories)
            await worker.says("story_ended", 4, deadline=60)
        lines = [json.loads(line) for line in worker.lines]
    finally:
        await topology.delete(limited)
    for number, story in enumerate(stories, 1):
        of_story = [line for line in lines if line.get("story_id") == story.story_id]
        check_keys(of_story, story)
        assert [line["line"] for line in of_story if line["event"] == "output_line_printed"] == [
            f"word-{number} begins",
            f"word-{number} speaks",
        ] * 2
        others = [json.dumps(line) for line in lines if line not in of_story]
        assert not [text for text in others if f"word-{number}" in text or story.story_id in text]


def check_keys(lines: list[dict[str, object]], story: StoryMessage) -> None:
    for attempt in (1, 2):
        events = {str(line["event"]) for line in lines if line["attempt"] == attempt}
        assert events == EVENTS_OF_A_RUN
    assert {(line["batch_id"], line["worker"]) for line in lines} == {(story.batch_id, "w7")}
    ends = [line for line in lines if line["event"] == "story_ended"]
    assert [(line["status"], line["error_type"]) for line in ends] == [
        ("retrying", "ConnectionError"),
        ("success", None),
    ]
