"""The page of a story says why it was requeued."""

from __future__ import annotations

import pytest

from gt_common.messages import StoryReleased
from gt_consumer.dashboard.pages.moments import moments
from support.samples.events import at, story_event


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"reason": "rate_limited", "provider": "voice", "until": at(60), "error": "quota", "waits": 3},
            "requeued: waits for voice, wait 3: quota",
        ),
        ({"reason": "rate_limited", "provider": "gemini", "until": at(60)}, "requeued: waits for gemini"),
        ({"problem": "no space"}, "requeued by w1, which cannot run stories now: no space"),
        ({}, "requeued: its worker was stopping"),
    ],
)
def test_a_requeue_says_why(fields: dict[str, object], text: str) -> None:
    (moment,) = moments([story_event(StoryReleased, 1, 5, worker="w1", **fields)])
    assert (moment.kind, moment.text) == ("released", text)
