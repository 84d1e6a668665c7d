"""Reports that are written story by story say the same as those that are built as a whole."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from rich.console import Console

from gt_common.ledger import open_ledger, overview
from gt_common.lifecycle import BatchState, StoryStatus, fold
from gt_common.messages import BatchStories, Event, StoryFailed, StoryReleased, StoryStarted, StorySucceeded
from gt_common.report import json_out, listing, table
from gt_common.report.building import (
    WholeBatch,
    build_report,
    screenful_of,
    screenful_of_whole,
)
from gt_common.report.reading_order import ReadingOrder
from support.samples.events import BATCH, at, entry, lives, opened, story_event
from support.samples.reports import evil, finished, under_way, written


@given(lives())
def test_json_written_story_by_story_is_that_of_the_whole_document(events: list[Event]) -> None:
    state = fold(BATCH, events)
    assert written(json_out.write, state, at(60)) == build_report(state, at(60)).to_json() + "\n"


@pytest.mark.parametrize("state", [finished(), under_way(), evil()])
def test_an_overview_of_a_ledger_says_what_the_whole_batch_says(state: BatchState, tmp_path: Path) -> None:
    events: list[Event] = [story.event for story in state.stories.values() if story.event]
    assert state.opened is not None
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.apply([state.opened, *events])
        shown = screenful_of(ledger.overview(BATCH), at(300))
    whole = screenful_of_whole(WholeBatch.of_state(state), at(300))
    short = [group.model_copy(update={"stories": group.stories[:1]}) for group in whole.head.failure_groups]
    assert shown.head == whole.head.model_copy(update={"failure_groups": tuple(short)})
    assert shown.around == whole.around
    assert sorted(row.story_id for row in shown.rows) == sorted(row.story_id for row in whole.rows)


def test_a_snapshot_has_every_story_whatever_the_places_in_the_list(tmp_path: Path) -> None:
    places = [5000, 1, 1, 999, 1000, 70_000]
    lines = tuple(entry(number, position=place) for number, place in enumerate(places))
    events: list[Event] = [
        opened(9),
        BatchStories(batch_id=BATCH, stories=lines),
        story_event(StoryStarted, 3),
    ]
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.apply(events)
        state = ledger.batch(BATCH)
        with ledger.snapshot(BATCH) as snapshot:
            first = [(story.position, story.story_id) for story in snapshot.stories()]
            assert [(story.position, story.story_id) for story in snapshot.stories()] == first
            assert (snapshot.size, snapshot.head.expected) == (6, 9)
    assert first == sorted((place, f"story-{number}") for number, place in enumerate(places))
    assert state == fold(BATCH, events)


def test_a_snapshot_stays_what_it_was(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.apply([opened(1), story_event(StoryStarted)])
        with ledger.snapshot(BATCH) as snapshot:
            ledger.apply([story_event(StorySucceeded)])
            assert [story.status for story in snapshot.stories()] == [StoryStatus.RUNNING]


def many(failed: int, running: int, made: int) -> BatchState:
    """Make a batch of more stories than a screen has lines."""
    events: list[Event] = [opened(failed + running + made + 5)]
    numbers = iter(range(1, failed + running + made + 1))
    events += [story_event(StoryFailed, next(numbers), 5) for _ in range(failed)]
    events += [story_event(StoryStarted, next(numbers), 6) for _ in range(running)]
    events += [story_event(StorySucceeded, next(numbers), 10 + place) for place in range(made)]
    return fold(BATCH, events)


def test_a_screen_has_failures_running_stories_and_the_last_ones() -> None:
    shown = screenful_of_whole(WholeBatch.of_state(many(50, 10, 300)), at(400))
    rows = table.choose(shown.rows, 20)
    places = {
        status: [row.position for row in rows if row.status is status]
        for status in (StoryStatus.FAILED, StoryStatus.RUNNING, StoryStatus.SUCCESS)
    }
    assert places[StoryStatus.FAILED] == [*range(1, 13)]
    assert places[StoryStatus.RUNNING] == [*range(51, 56)]
    assert places[StoryStatus.SUCCESS] == [360, 359, 358]
    out = io.StringIO()
    Console(file=out, width=100).print(table.render(shown, at(400), max_rows=20))
    assert "… and 340 more stories; all of them: gt-report batch-1 --all" in out.getvalue()


def test_few_stories_leave_their_lines_to_the_others() -> None:
    shown = screenful_of_whole(WholeBatch.of_state(many(1, 0, 300)), at(400))
    rows = table.choose(shown.rows, 20)
    assert [row.status.value for row in rows].count("success") == 19


@pytest.mark.parametrize("state", [finished(), under_way(), evil(), many(2, 2, 200)])
@pytest.mark.parametrize("width", [60, 160])
def test_a_listing_has_the_lines_of_the_table(state: BatchState, width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    text = "".join(listing.lines(WholeBatch.of_state(state), at(300), console))
    out = io.StringIO()
    shown = screenful_of_whole(WholeBatch.of_state(state), at(300))
    Console(file=out, width=width).print(table.render(shown, at(300)), crop=False)
    assert text.splitlines() == [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_listing_on_a_terminal_has_colours() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    text = "".join(listing.lines(WholeBatch.of_state(finished()), at(300), console))
    assert "\x1b[1;31mfailed\x1b[0m" in text
    assert "\x1b[32msuccess\x1b[0m" in text


def test_items_come_back_with_failures_first() -> None:
    with ReadingOrder[list[str]]() as items:
        for status in StoryStatus:
            items.add(status, [status.value])
        assert [*items] == [["failed"], ["retrying"], ["running"], ["success"], ["queued"], ["cancelled"]]


def test_a_story_that_waits_counts_in_the_estimate_of_an_overview(tmp_path: Path) -> None:
    made = [story_event(StorySucceeded, number, 50, duration_s=60) for number in (1, 2)]
    waits = story_event(StoryReleased, 3, 60, reason="rate_limited", until=at(5000))
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.apply([opened(3), *made, waits])
        shown = screenful_of(ledger.overview(BATCH), at(100))
    assert shown.around.eta == (4960.0, 4960.0)


def test_json_on_a_pipe_is_one_document() -> None:
    assert json.loads(written(json_out.write, fold(BATCH, [opened(2)]), at(1)))["results"] == []


def test_causes_of_many_failures_are_those_of_the_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "FAILURES", 3)
    failed = [story_event(StoryFailed, number, number) for number in range(1, 6)]
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.apply([opened(5), *failed])
        shown = screenful_of(ledger.overview(BATCH), at(100))
    [group] = shown.head.failure_groups
    assert (shown.head.failed, group.count, group.stories) == (5, 3, ("story-3",))
    out = io.StringIO()
    Console(file=out, width=100).print(table.render(shown, at(100)))
    assert "Failures by cause (the latest 3)" in out.getvalue()
