"""A batch that gt-batch continues still knows how often a story has waited, for what, and what that cost."""

from __future__ import annotations

from gt_common.lifecycle import fold
from gt_common.messages import StoryReleased
from gt_consumer.batch.history import StoryHistory
from support.samples.events import BATCH, at, opened, story_event


def test_the_message_of_a_waiting_story_has_its_waits_and_its_cost() -> None:
    fields = {"reason": "rate_limited", "provider": "voice", "until": at(60), "error": "quota", "waits": 3}
    state = fold(BATCH, [opened(1), story_event(StoryReleased, 1, 5, cost={"voice": 100_000}, **fields)])
    message = StoryHistory().message(state, state.stories["story-1"])
    assert (message.waits, message.wait_error, message.spent, message.run) == (3, "quota", 100_000, 1)
