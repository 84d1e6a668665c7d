"""A story that takes down every worker that has it: the broker's dead letter ends it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gt_common.lifecycle import StoryStatus, fold
from gt_common.messages import Event, encode, utc_now
from gt_common.messaging.dead_letters import DELIVERY_LIMIT, failed_event_of, read_dead_letter
from gt_common.messaging.names import CRASH_LIMIT
from gt_consumer.worker.run_events import RunEvents
from support.samples.dead_letters import Found, make_story

STORY = make_story(1)
STARTS = [RunEvents(STORY.charged(lost), "w1", utc_now()).started() for lost in range(CRASH_LIMIT + 1)]
LETTER = read_dead_letter(Found(encode(STORY), died_of=DELIVERY_LIMIT))


@given(st.permutations([*STARTS, failed_event_of(LETTER)]))
def test_the_brokers_dead_letter_stands_over_every_start_that_came_before_it(events: list[Event]) -> None:
    state = fold(STORY.batch_id, events)
    assert state.stories[STORY.story_id].status is StoryStatus.FAILED


def test_a_letter_counts_each_delivery_that_the_broker_allows() -> None:
    assert LETTER.attempt == STARTS[-1].attempt == CRASH_LIMIT + 1
    assert LETTER.errors[-1].failure.type == "BrokerGaveUp"
