"""A story that takes down every worker that has it: the broker's dead letter ends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.lifecycle import StoryStatus, fold
from gt_common.messages import Event, encode, utc_now
from gt_common.messaging.dead_letters import DELIVERY_LIMIT, failed_event_of, read_dead_letter
from gt_common.messaging.names import CRASH_LIMIT
from gt_common.report.building import build_report
from gt_consumer.deadletters.stale import why_stale
from gt_consumer.worker.run_events import RunEvents
from support.samples.dead_letters import Found, make_story

STORY = make_story(1)
REASONS = (DELIVERY_LIMIT, "expired", "maxlen", "rejected", "of its own")
STARTS = [RunEvents(STORY.charged(lost), "w1", utc_now()).started() for lost in range(CRASH_LIMIT + 1)]
LETTER = read_dead_letter(Found(encode(STORY), died_of=DELIVERY_LIMIT))


@pytest.mark.parametrize("reason", REASONS)
@given(data=st.data())
def test_the_brokers_dead_letter_stands_over_every_start_that_came_before_it(
    reason: str, data: st.DataObject
) -> None:
    letter = read_dead_letter(Found(encode(STORY), died_of=reason))
    events: list[Event] = data.draw(st.permutations([*STARTS, failed_event_of(letter)]))
    state = fold(STORY.batch_id, events)
    assert state.stories[STORY.story_id].status is StoryStatus.FAILED


def test_a_letter_counts_each_delivery_that_the_broker_allows() -> None:
    assert LETTER.attempt == STARTS[-1].attempt == CRASH_LIMIT + 1
    assert LETTER.errors[-1].failure.type == "BrokerGaveUp"


@pytest.mark.parametrize(
    ("reason", "kind", "words", "used"),
    [
        (DELIVERY_LIMIT, "BrokerGaveUp", "every worker that received it was lost", CRASH_LIMIT + 1),
        ("expired", "StoryExpired", "it expired in its queue before a worker took it", 0),
        ("maxlen", "QueueLimitReached", "its queue was full", 0),
        ("rejected", "StoryRejected", "a consumer rejected it", 0),
        ("x\x1b[1m", "DeadLetteredByBroker", "for a reason of its own (reason: x [1m)", 0),
    ],
)
def test_a_letter_names_the_cause_that_the_broker_names(
    reason: str, kind: str, words: str, used: int
) -> None:
    letter = read_dead_letter(Found(encode(STORY), died_of=reason))
    failure = letter.errors[-1].failure
    assert (failure.type, failure.retryable) == (kind, True)
    assert words in failure.message
    assert ("worker that received it was lost" in failure.message) == (reason == DELIVERY_LIMIT)
    assert letter.attempts_used == used, "the attempts that workers made"
    state = fold(STORY.batch_id, [failed_event_of(letter)])
    report = build_report(state, now=utc_now())
    assert report.results[0].attempts == used
    assert why_stale(letter, failed_event_of(letter)) is None
