"""What was spent on a story: in whatever order and however often its runs say it, the sum is the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.lifecycle import BatchState, StoryStatus, fold
from gt_common.messages import (
    Event,
    StoryCancelled,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StorySpent,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)
from gt_common.messages.costs import Costs, RunKey, read_costs
from gt_common.money import MOST_MILLIONTHS
from support.samples.events import BATCH, COSTED, deliveries, lives, spent, story_event


def recount(events: Sequence[Event]) -> dict[str, int]:
    """Add up what events say, story by story, without the fold."""
    greatest: dict[tuple[str, RunKey, str], int] = defaultdict(int)
    for event in events:
        for provider, amount in (getattr(event, "cost", None) or {}).items():
            assert isinstance(event, COSTED), "nothing else has a cost"
            run = (event.generation, event.attempt, event.run)
            key = (event.story_id, run, provider)
            greatest[key] = max(greatest[key], amount)
    sums: dict[str, int] = defaultdict(int)
    for (story_id, _, _), amount in greatest.items():
        sums[story_id] += amount
    return dict(sums)


@given(deliveries())
def test_costs_depend_neither_on_order_nor_on_repetition(delivery: tuple[list[Event], list[Event]]) -> None:
    events, came = delivery
    state = fold(BATCH, came)
    expected = recount(events)
    assert {name: story.cost for name, story in state.stories.items() if story.cost is not None} == expected
    assert state.cost == (sum(expected.values()) if expected else None)


@given(lives())
def test_the_sums_kept_event_by_event_are_those_of_a_recount(events: list[Event]) -> None:
    state = BatchState(BATCH)
    for event in events:
        state.take(event)
        wasted = [story.cost_wasted for story in state.stories.values() if story.cost_wasted is not None]
        assert state.cost_wasted == (sum(wasted) if wasted else None)
        assert all(0 <= (story.cost_wasted or 0) <= (story.cost or 0) for story in state.stories.values())


@given(lives())
def test_what_was_spent_moves_no_status(events: list[Event]) -> None:
    without = fold(BATCH, [event for event in events if not isinstance(event, StorySpent)])
    state = fold(BATCH, events)
    found = {name: story.event for name, story in state.stories.items() if story.event is not None}
    assert found == {name: story.event for name, story in without.stories.items() if story.event is not None}
    only_spent = len(state.stories) - len(without.stories)
    assert state.counts[StoryStatus.QUEUED] >= without.counts[StoryStatus.QUEUED] - state.expected
    assert only_spent >= 0


@given(lives())
def test_costs_survive_their_column(events: list[Event]) -> None:
    for story in fold(BATCH, events).stories.values():
        assert read_costs(story.costs.to_json()) == story.costs


def test_what_each_run_has_spent_is_added_up_and_not_what_each_event_says() -> None:
    events = [
        spent(cost={"a": 5}),
        spent(cost={"a": 9, "b": 1}),
        story_event(StoryRetrying, cost={"a": 10, "b": 1}),
        spent(attempt=2, cost={"a": 100}),
    ]
    assert fold(BATCH, events).stories["story-1"].cost == 111


@pytest.mark.parametrize(
    ("last", "wasted"),
    [
        (story_event(StoryStarted, attempt=2), 10),
        (story_event(StoryStage, attempt=2), 10),
        (story_event(StorySucceeded, attempt=2), 10),
        (story_event(StorySucceeded, attempt=3), 17),
        (story_event(StorySucceeded, attempt=3, made_in=(1, 2, 0)), 10),
        (story_event(StoryRetrying, attempt=2), 17),
        (story_event(StoryReleased, attempt=2), 17),
        (story_event(StoryFailed, attempt=2), 17),
        (story_event(StoryCancelled, attempt=2), 17),
        (story_event(StoryRequeued, generation=2), 17),
    ],
)
def test_wasted_is_what_runs_have_spent_that_are_over_and_made_no_video(last: Event, wasted: int) -> None:
    events = [spent(cost={"a": 10}), spent(attempt=2, cost={"a": 7}), last]
    story = fold(BATCH, events).stories["story-1"]
    assert (story.cost, story.cost_wasted) == (17, wasted)


def test_nothing_said_is_not_nothing_spent() -> None:
    free = fold(BATCH, [spent(cost={"studio": 0}), story_event(StorySucceeded)])
    silent = fold(BATCH, [story_event(StorySucceeded)])
    assert (free.cost, free.cost_wasted, free.stories["story-1"].cost) == (0, 0, 0)
    assert (silent.cost, silent.cost_wasted, silent.stories["story-1"].cost) == (None, None, None)


def test_the_sum_of_a_story_has_a_bound() -> None:
    costs = Costs().take((1, 1, 0), {"a": MOST_MILLIONTHS, "b": MOST_MILLIONTHS})
    assert costs.total == MOST_MILLIONTHS


@given(st.lists(st.tuples(st.tuples(st.integers(1, 2), st.integers(1, 2), st.just(0)), st.integers(0, 3))))
def test_taking_what_is_known_returns_the_same_object(reports: list[tuple[RunKey, int]]) -> None:
    costs = Costs()
    for run, amount in reports:
        costs = costs.take(run, {"a": amount})
        assert costs.take(run, {"a": amount}) is costs
