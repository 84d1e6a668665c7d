"""The estimate of the time left: silent until it can be honest, then a range."""

from __future__ import annotations

from statistics import median, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.lifecycle import BatchState, fold
from gt_common.messages import Event, StoryFailed, StoryReleased, StoryRetrying, StoryStarted, StorySucceeded
from gt_common.report.eta import INSTANT, MIN_STORIES, Pace, eta_range, say_range
from support.samples.events import BATCH, at, lives, opened, story_event


def batch(total: int, durations: list[float | None], running: int = 0, retrying: int = 0) -> BatchState:
    """Make a batch whose first stories are made, the next run or retry, and the rest wait."""
    events: list[Event] = [opened(total)]
    numbers = iter(range(1, total + 1))
    events += [story_event(StorySucceeded, next(numbers), 50, duration_s=took) for took in durations]
    events += [story_event(StoryStarted, next(numbers), 100, started_at=at(100)) for _ in range(running)]
    events += [story_event(StoryRetrying, next(numbers), 100) for _ in range(retrying)]
    return fold(BATCH, events)


@given(lives())
def test_a_pace_kept_story_by_story_is_that_of_the_whole_batch(events: list[Event]) -> None:
    state, pace = BatchState(BATCH), Pace()
    for event in events:
        before = dict(state.stories)
        state.take(event)
        for story_id, story in state.stories.items():
            if story is not before.get(story_id):
                pace.change(before.get(story_id), story)
    assert pace.eta(state.counts, at(1)) == Pace(state.stories.values()).eta(state.counts, at(1))


@given(st.lists(st.floats(0.01, 1000), min_size=2, max_size=40))
def test_the_range_is_the_middle_half_as_the_standard_library_has_it(durations: list[float]) -> None:
    made = [took for took in durations if took >= INSTANT * median(durations)]
    if len(made) >= MIN_STORIES:
        low, _, high = quantiles(made, n=4, method="inclusive")
        assert eta_range(batch(len(durations) + 1, [*durations])) == pytest.approx((low, high))


def test_nothing_is_said_before_two_stories_are_made() -> None:
    assert eta_range(batch(5, [])) is None
    assert eta_range(batch(5, [60.0])) is None
    assert eta_range(batch(5, [60.0, 60.0])) is not None


def test_nothing_is_left_of_a_finished_batch() -> None:
    assert eta_range(batch(2, [60.0, 60.0])) is None


def test_stories_already_made_are_no_speed() -> None:
    assert eta_range(batch(9, [60.0, None, None, 0.0])) is None
    assert eta_range(batch(9, [60.0, 60.0, 60.0, 0.5])) == (300.0, 300.0)


def test_remaining_stories_go_in_whole_rounds_of_those_that_run() -> None:
    assert eta_range(batch(7, [60.0, 60.0])) == (300.0, 300.0)
    assert eta_range(batch(7, [60.0, 60.0], running=2)) == (180.0, 180.0)
    assert eta_range(batch(8, [60.0, 60.0], running=2)) == (180.0, 180.0)
    assert eta_range(batch(9, [60.0, 60.0], running=2)) == (240.0, 240.0)


def test_retrying_stories_are_still_to_be_made() -> None:
    assert eta_range(batch(3, [60.0, 60.0], retrying=1)) == (60.0, 60.0)


def test_range_spans_the_middle_half_of_the_durations() -> None:
    assert eta_range(batch(6, [40.0, 60.0, 80.0, 100.0, 120.0])) == (60.0, 100.0)


def test_what_running_stories_have_behind_them_is_taken_off() -> None:
    state = batch(3, [60.0, 60.0], running=1)
    assert eta_range(state, at(120)) == (40.0, 40.0)


def test_a_story_that_takes_longer_than_most_may_take_as_long_as_the_longest() -> None:
    state = batch(6, [40.0, 60.0, 80.0, 100.0, 120.0], running=1)
    assert eta_range(state, at(210)) == (0.0, 10.0)


def test_what_has_taken_longer_than_any_before_has_no_end_that_we_know() -> None:
    assert eta_range(batch(3, [60.0, 60.0], running=1), at(900)) is None
    assert eta_range(batch(4, [60.0, 60.0], running=1), at(900)) == (60.0, 60.0)


@pytest.mark.parametrize("waits", [StoryRetrying, StoryReleased])
def test_nobody_is_done_before_a_story_that_waits_for_a_time(
    waits: type[StoryRetrying | StoryReleased],
) -> None:
    made = [story_event(StorySucceeded, number, 50, duration_s=10.0) for number in (1, 2)]
    more = {"reason": "rate_limited"} if waits is StoryReleased else {}
    state = fold(BATCH, [opened(3), *made, story_event(waits, 3, 100, until=at(100 + 3600), **more)])
    assert eta_range(state, at(100)) == (3610.0, 3610.0)
    assert eta_range(state, at(4000)) == (10.0, 10.0)


def test_failed_stories_tell_a_speed_too() -> None:
    failed = [story_event(StoryFailed, number, 50, duration_s=30) for number in (1, 2)]
    assert eta_range(fold(BATCH, [opened(3), *failed])) == (30.0, 30.0)


@pytest.mark.parametrize(
    ("eta", "said"),
    [
        ((0.0, 9.0), "under 10 s"),
        ((20.0, 40.0), "about 20-40 s"),
        ((2280.0, 3120.0), "about 38-52 min"),
        ((60.0, 130.0), "about 1-2 min"),
        ((120.0, 121.0), "about 2 min"),
        ((5400.0, 7200.0), "about 1.5-2 h"),
    ],
)
def test_range_in_words(eta: tuple[float, float], said: str) -> None:
    assert say_range(eta) == said
