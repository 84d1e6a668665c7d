"""The fold: in whatever order and however often events arrive, the state is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.lifecycle import (
    BatchPhase,
    BatchState,
    StoryState,
    StoryStatus,
    apply,
    complete_counts,
    fold,
    order_key,
    phase_of,
    status_of,
)
from gt_common.messages import (
    BatchHold,
    BatchOpened,
    BatchResumed,
    BatchSealed,
    BatchStories,
    Event,
    FailureLimit,
    FleetHold,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)
from support.samples.events import (
    BATCH,
    STORY_EVENTS,
    deliveries,
    entry,
    hold_events,
    lives,
    opened,
    story_event,
    story_events,
)

SPELT_SHORT = "https://redd.it/1"


def state_of(events: Sequence[Event]) -> BatchState:
    """Fold events of the one batch of these tests."""
    return fold(BATCH, events)


@given(deliveries())
def test_neither_order_nor_repetition_nor_lateness_changes_the_state(
    delivery: tuple[list[Event], list[Event]],
) -> None:
    events, came = delivery
    assert state_of(came) == state_of(events)


@given(lives(), lives())
def test_what_is_known_already_changes_nothing(before: list[Event], after: list[Event]) -> None:
    state = state_of([*before, *after])
    for event in before:
        assert apply(state, event) == state


@given(st.lists(hold_events(), min_size=1), st.data())
def test_the_greatest_revision_decides_whether_a_batch_is_paused(
    events: list[BatchHold | FleetHold], data: st.DataObject
) -> None:
    came = data.draw(st.permutations([*events, *events]))
    state = state_of(came)
    assert state == state_of(events)
    for kind, counts in ((BatchHold, state.hold), (FleetHold, state.fleet)):
        of_kind = [event for event in events if isinstance(event, kind)]
        latest = max(of_kind, key=lambda event: (event.revision, event.at, event.event_id), default=None)
        assert counts == latest


@given(lives())
def test_counts_always_sum_to_the_total(events: list[Event]) -> None:
    for length in range(len(events) + 1):
        state = state_of(events[:length])
        assert sum(state.counts.values()) == state.total
        assert all(count >= 0 for count in state.counts.values())
        assert set(state.counts) == set(StoryStatus)


@given(lives())
def test_counts_kept_event_by_event_are_those_of_a_recount(events: list[Event]) -> None:
    state = BatchState(BATCH)
    for event in events:
        before = replace(state, stories=dict(state.stories))
        assert state.take(event) == (state != before)
        recounted = replace(state)
        assert state.counts == recounted.counts
        assert state.running == recounted.running
    assert state == state_of(events)


def test_an_event_touches_its_own_story_only() -> None:
    state = state_of([opened(50), *(story_event(StoryStarted, number) for number in range(1, 51))])
    touched: list[str] = []

    class Watched(dict[str, StoryState]):
        """Notes which stories are looked up or set; going through all of them is not possible."""

        def __setitem__(self, key: str, value: StoryState) -> None:
            touched.append(key)
            super().__setitem__(key, value)

        def __iter__(self) -> Iterator[str]:
            raise AssertionError("went through all stories")

        items = values = keys = __iter__  # type: ignore[assignment]

    state.stories = Watched(state.stories)
    assert state.take(story_event(StorySucceeded, 7))
    assert (state.counts[StoryStatus.SUCCESS], state.phase, touched) == (1, BatchPhase.OPEN, ["story-7"])


def test_a_fold_leaves_the_state_that_it_starts_from() -> None:
    start = state_of([opened(2), story_event(StoryStarted)])
    after = fold(start, [story_event(StorySucceeded)])
    assert (start.counts[StoryStatus.RUNNING], after.counts[StoryStatus.SUCCESS]) == (1, 1)
    assert start == state_of([start.opened, start.stories["story-1"].event])  # type: ignore[list-item]


@given(lives())
def test_a_batch_is_open_while_any_story_is_not_final(events: list[Event]) -> None:
    state = state_of(events)
    final = state.total > 0 and all(status.final for status, count in state.counts.items() if count)
    assert (state.phase is not BatchPhase.OPEN) == (final and state.opened is not None)


@given(lives())
def test_of_each_stop_rule_the_latest_event_that_sets_it_counts(events: list[Event]) -> None:
    setting = [event for event in events if isinstance(event, BatchOpened | BatchResumed)]
    failures = [event for event in setting if event.max_failures]
    costs = [event for event in setting if event.max_cost]
    rules = state_of(events).rules
    if not failures and not costs:
        assert rules is None
        return
    assert rules is not None
    assert rules.max_failures == (max(failures, key=_set_at).max_failures if failures else None)
    assert rules.max_cost == (max(costs, key=_set_at).max_cost if costs else None)


def _set_at(event: BatchOpened | BatchResumed) -> tuple[datetime, str]:
    return event.at, event.event_id


def test_stories_that_are_added_later_leave_the_stop_rules_unless_given_anew() -> None:
    first = opened(2, max_failures=FailureLimit(count=5), max_cost=30_000_000)
    rules = state_of([first, opened(3, 1)]).rules
    assert rules is not None
    assert (rules.max_failures, rules.max_cost) == (FailureLimit(count=5), 30_000_000)
    rules = state_of([opened(4, 2, max_cost=50_000_000), first, opened(3, 1)]).rules
    assert rules is not None
    assert (rules.max_failures, rules.max_cost) == (FailureLimit(count=5), 50_000_000)


@given(st.lists(story_events(), max_size=20), st.data())
def test_a_success_is_never_undone_in_its_generation(events: list[StoryEvent], data: st.DataObject) -> None:
    generation = data.draw(st.integers(1, 3))
    success = story_event(StorySucceeded, generation=generation)
    others = [event for event in events if event.generation <= generation]
    came = data.draw(st.permutations([*others, success]))
    story = state_of(came).stories["story-1"]
    assert story.status is StoryStatus.SUCCESS
    assert story.event is not None
    assert story.event.generation == generation


@given(st.lists(story_events(), max_size=20), st.data())
def test_only_a_success_undoes_a_cancel_in_its_generation(
    events: list[StoryEvent], data: st.DataObject
) -> None:
    generation, attempt = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    cancel = story_event(StoryCancelled, generation=generation, attempt=attempt, letter=None)
    others = [event for event in events if event.generation <= generation]
    came = data.draw(st.permutations([*others, cancel]))
    story = state_of(came).stories["story-1"]
    made = any(
        isinstance(event, StorySucceeded)
        and (event.story_id, event.generation) == (cancel.story_id, generation)
        for event in others
    )
    assert story.status is (StoryStatus.SUCCESS if made else StoryStatus.CANCELLED)


@given(story_events(), story_events())
def test_two_different_events_never_tie(one: StoryEvent, other: StoryEvent) -> None:
    assert (order_key(one) == order_key(other)) == (one.event_id == other.event_id)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (StoryRequeued, StoryStatus.QUEUED),
        (StoryReleased, StoryStatus.QUEUED),
        (StoryStarted, StoryStatus.RUNNING),
        (StoryStage, StoryStatus.RUNNING),
        (StoryRetrying, StoryStatus.RETRYING),
        (StoryFailed, StoryStatus.FAILED),
        (StorySucceeded, StoryStatus.SUCCESS),
        (StoryCancelled, StoryStatus.CANCELLED),
    ],
)
def test_every_event_leaves_its_status(kind: type[StoryEvent], status: StoryStatus) -> None:
    assert status_of(story_event(kind)) is status
    assert state_of([story_event(kind)]).stories["story-1"].status is status


def test_the_table_above_knows_every_kind_of_event() -> None:
    assert set(STORY_EVENTS) == set(StoryEvent.__args__)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param(story_event(StoryStarted), story_event(StoryStage, seconds=1), id="stage after start"),
        pytest.param(
            story_event(StoryStage, seconds=9),
            story_event(StoryRetrying),
            id="late stage of a failed attempt",
        ),
        pytest.param(
            story_event(StoryRetrying, seconds=9), story_event(StoryStarted, attempt=2), id="next attempt"
        ),
        pytest.param(
            story_event(StoryStarted, seconds=9), story_event(StoryReleased), id="handed back while running"
        ),
        pytest.param(
            story_event(StoryReleased, seconds=9), story_event(StoryStarted, run=1), id="taken up again"
        ),
        pytest.param(
            story_event(StoryStarted, attempt=3, seconds=9), story_event(StoryFailed, attempt=3), id="dead"
        ),
        pytest.param(
            story_event(StoryFailed, attempt=3, seconds=9),
            story_event(StoryRequeued, generation=2),
            id="a replay begins a generation",
        ),
        pytest.param(
            story_event(StoryRequeued, generation=2, seconds=9),
            story_event(StoryStarted, generation=2),
            id="the replay runs",
        ),
        pytest.param(
            story_event(StoryFailed, attempt=3, seconds=9),
            story_event(StorySucceeded, attempt=1),
            id="a late success of an earlier attempt",
        ),
        pytest.param(
            story_event(StorySucceeded, seconds=9),
            story_event(StoryRequeued, generation=2),
            id="a replay of a success",
        ),
        pytest.param(
            story_event(StoryFailed, attempt=3, seconds=9),
            story_event(StoryCancelled, attempt=3),
            id="a dead letter is discarded",
        ),
        pytest.param(
            story_event(StoryFailed, attempt=3, run=1, seconds=9),
            story_event(StoryCancelled, attempt=3),
            id="another dead letter of a discarded story lies in the queue still",
        ),
        pytest.param(
            story_event(StoryStarted, attempt=2, seconds=9),
            story_event(StoryCancelled, attempt=1, letter=None),
            id="a worker that has not heard of the cancel starts the next attempt",
        ),
        pytest.param(
            story_event(StoryCancelled, attempt=3, seconds=9, letter=None),
            story_event(StoryCancelled, attempt=1),
            id="a worker meets the message of a cancelled story",
        ),
        pytest.param(
            story_event(StoryCancelled, attempt=3, seconds=9),
            story_event(StorySucceeded, attempt=1),
            id="a late success of a discarded story",
        ),
        pytest.param(
            story_event(StoryCancelled, attempt=3, seconds=9),
            story_event(StoryFailed, attempt=3, generation=2),
            id="a restored dead letter",
        ),
    ],
)
def test_the_later_of_two_stands_whichever_came_first(earlier: StoryEvent, later: StoryEvent) -> None:
    for events in ([earlier, later], [later, earlier]):
        assert state_of(events).stories["story-1"].event == later


def test_announced_stories_that_nobody_saw_are_queued() -> None:
    state = state_of([opened(5), story_event(StoryStarted)])
    assert state.total == 5
    assert state.counts[StoryStatus.QUEUED] == 4
    assert state.counts[StoryStatus.RUNNING] == 1
    assert state.phase is BatchPhase.OPEN


def test_more_stories_than_announced_count_too() -> None:
    state = state_of([opened(1), story_event(StorySucceeded, 1), story_event(StoryFailed, 2)])
    assert state.total == 2
    assert state.phase is BatchPhase.DONE_WITH_FAILURES


def test_a_batch_is_done_when_all_succeeded() -> None:
    state = state_of([opened(2), *(story_event(StorySucceeded, number) for number in (1, 2))])
    assert state.phase is BatchPhase.DONE


def test_a_replay_opens_a_finished_batch_again() -> None:
    events = [opened(1), story_event(StoryFailed)]
    assert state_of(events).phase is BatchPhase.DONE_WITH_FAILURES
    assert state_of([*events, story_event(StoryRequeued, generation=2)]).phase is BatchPhase.OPEN


def test_discarding_and_restoring_leave_a_batch_done_with_failures() -> None:
    events = [opened(1), story_event(StoryFailed), story_event(StoryCancelled)]
    for length, status in ((2, StoryStatus.FAILED), (3, StoryStatus.CANCELLED)):
        state = state_of(events[:length])
        assert state.counts[status] == 1
        assert state.phase is BatchPhase.DONE_WITH_FAILURES
    restored = state_of([*events, story_event(StoryFailed, generation=2)])
    assert (restored.counts[StoryStatus.FAILED], restored.counts[StoryStatus.CANCELLED]) == (1, 0)


def test_an_empty_batch_is_open() -> None:
    assert state_of([]).phase is BatchPhase.OPEN


def test_cancelled_stories_end_a_batch_with_failures() -> None:
    counts = complete_counts({StoryStatus.SUCCESS: 1, StoryStatus.CANCELLED: 1}, 2)
    assert phase_of(counts) is BatchPhase.DONE_WITH_FAILURES


def test_sealed_stays_sealed() -> None:
    assert state_of([BatchSealed(batch_id=BATCH), opened(1)]).sealed


def test_the_earliest_opening_gives_the_name() -> None:
    first, second = opened(2, seconds=0, name="first"), opened(3, seconds=5, name="second")
    for events in ([first, second], [second, first]):
        state = state_of(events)
        assert state.opened == first
        assert state.expected == 3


def test_the_list_says_how_a_story_is_spelt() -> None:
    listed = BatchStories(batch_id=BATCH, stories=(entry(1, position=7),))
    event = story_event(StoryStarted, url=SPELT_SHORT)
    for events in ([listed, event], [event, listed]):
        story = state_of(events).stories["story-1"]
        assert (story.position, story.url) == (7, entry(1).url)
        assert story.event == event


def test_of_two_lists_the_lesser_line_stands() -> None:
    one = BatchStories(batch_id=BATCH, stories=(entry(1, position=2),))
    other = BatchStories(batch_id=BATCH, stories=(entry(1, position=1, url=SPELT_SHORT),))
    for events in ([one, other], [other, one]):
        story = state_of(events).stories["story-1"]
        assert (story.position, story.url) == (1, SPELT_SHORT)
