"""The progress display: plain lines for logs, a redrawn picture on a terminal."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from rich.console import Console

from gt_common.lifecycle import fold
from gt_common.messages import (
    BatchPaused,
    BatchResumed,
    BatchStories,
    Event,
    FleetPaused,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)
from gt_common.progress.display import Progress
from gt_common.progress.lines import overall_line, running_cells
from gt_common.report.eta import eta_range
from support.samples.events import BATCH, at, entry, fleet_hold, hold, opened, story_event
from support.samples.reports import open_events, under_way


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return at(self.seconds)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def plain(events: list[Event], clock: Clock | None = None) -> list[str]:
    out = io.StringIO()
    console = Console(file=out)
    with Progress(BATCH, console=console, clock=clock or Clock(), max_attempts=3) as progress:
        for event in events:
            progress.event(event)
    assert not progress.live
    return out.getvalue().splitlines()


def test_a_pause_is_said_once_and_again_when_it_is_over() -> None:
    pause = hold(BatchPaused, by="anna", reason="too loud")
    assert plain(
        [opened(2), pause, pause, fleet_hold(FleetPaused, by="bob"), hold(BatchResumed, 2, by="eve")]
    ) == [
        "[0/2]   0 %  batch batch-1: 2 stories",
        "[0/2]   0 %  batch paused by anna: too loud",
        "[0/2]   0 %  batch resumed by eve",
        "[0/2]   0 %  paused by bob",
    ]


def test_the_time_left_counts_start_times_of_a_list_that_arrives_during_the_display() -> None:
    lines = BatchStories(
        batch_id=BATCH, stories=tuple(entry(n, not_before=at(10 + 60 * n)) for n in range(1, 5))
    )
    ends = [story_event(StorySucceeded, n, 100 + n, duration_s=30.0) for n in (1, 2)]
    events: list[Event] = [opened(4), lines, story_event(StoryStarted, 3, 190), *ends]
    clock = Clock()
    clock.seconds = 200
    eta = eta_range(fold(BATCH, events), at(200))
    assert eta is not None
    assert eta[0] == 50 + 30, "the fourth story may start in 50 s, and will take 30 s"
    assert plain(events, clock)[-1].endswith("1 running  about 80 s left")


def test_plain_mode_writes_one_line_per_change_of_state() -> None:
    done = story_event(StorySucceeded, 1, 70, duration_s=70)
    assert plain(
        [
            opened(2),
            story_event(StoryStarted, 1, worker="w-1"),
            story_event(StoryStage, 1, 5, worker="w-1"),
            story_event(StoryStage, 1, 9, worker="w-1"),
            done,
            done,
            story_event(StoryStarted, 2, worker="w-1"),
            story_event(StoryRetrying, 2, 10),
            story_event(StoryStarted, 2, 20, worker="w-1", attempt=2),
            story_event(StoryReleased, 2, 25, worker="w-1", attempt=2),
            story_event(StoryFailed, 2, 30, attempt=2, run=1),
            story_event(StoryRequeued, 2, 40, generation=2),
        ]
    ) == [
        "[0/2]   0 %  batch batch-1: 2 stories",
        "[0/2]   0 %  #1 1  running on w-1",
        "[1/2]  50 %  #1 1  success in 1m10s  1.mp4",
        "[1/2]  50 %  #2 2  running on w-1",
        "[1/2]  50 %  #2 2  retrying  narration: TimeoutError: the voice took over 30 s",
        "[1/2]  50 %  #2 2  running on w-1, try 2/3",
        "[1/2]  50 %  #2 2  queued  requeued by w-1, which is stopping",
        "[2/2] 100 %  #2 2  failed, try 2/3  narration: TimeoutError: the voice took over 30 s",
        "[1/2]  50 %  #2 2  queued  replayed by tester",
        "[1/2]  50 %  1 ok",
    ]


def test_late_events_and_other_batches_change_nothing() -> None:
    other = story_event(StorySucceeded, 2).model_copy(update={"batch_id": "another"})
    lines = plain([opened(1), story_event(StorySucceeded, 1, 5), story_event(StoryFailed, 1, 9), other])
    assert lines[1:] == ["[1/1] 100 %  #1 1  success  1.mp4", "[1/1] 100 %  1 ok"]


def test_heartbeat_comes_every_30_s_and_only_while_something_runs() -> None:
    clock = Clock()
    out = io.StringIO()
    with Progress(BATCH, console=Console(file=out), clock=clock) as progress:
        progress.event(opened(2))
        clock.seconds = 100
        progress.tick()
        assert len(out.getvalue().splitlines()) == 1
        progress.event(story_event(StoryStage, 1, 100, stage="render", fraction=0.5, started_at=at(90)))
        clock.seconds = 129
        progress.tick()
        assert len(out.getvalue().splitlines()) == 2
        clock.seconds = 130
        progress.tick()
        progress.tick()
        beats = out.getvalue().splitlines()[2:]
    assert beats == ["[0/2]   0 %  1 running  | #1 render 50 % 40s"]


def test_overall_line() -> None:
    assert overall_line(under_way(), eta_range(under_way(), at(160))) == (
        "[3/8]  37 %  2 ok  1 failed  2 running  1 retrying  about 9.6 h left"
    )


def test_a_reader_that_left_does_not_stop_the_work() -> None:
    out = io.StringIO()
    with Progress(BATCH, console=Console(file=out)) as progress:
        out.close()
        progress.event(story_event(StorySucceeded, 1))
    assert progress.state.counts["success"] == 1  # type: ignore[index]  # a StrEnum is its word


@pytest.mark.parametrize("width", [40, 80, 160])
def test_live_display_draws_running_stories_and_says_failures_above(width: int) -> None:
    out = Terminal()
    console = Console(
        file=out, force_terminal=True, width=width, height=24, color_system=None, legacy_windows=False
    )
    clock = Clock()
    with Progress(BATCH, console=console, clock=clock, max_attempts=3) as progress:
        assert progress.live
        clock.seconds = 170
        for event in open_events():
            progress.event(event)
        console.print(progress._snapshot())
    text = out.getvalue()
    assert "#3 3  failed  narration: TimeoutError: the voice took over 30 s" in text
    assert "[3/8]  37 %  2 ok" in text
    picture = text.split("[3/8]")
    if width >= 80:
        assert any("render" in part and "62 %" in part and "20s" in part for part in picture)
        assert "try 2/3" in text


def test_live_display_keeps_within_a_small_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=50, height=6, color_system=None)
    events: list[Event] = [opened(20), *(story_event(StoryStarted, number) for number in range(1, 11))]
    progress = Progress(BATCH, state=fold(BATCH, events), console=console, live=True, clock=Clock())
    lines = console.render_lines(progress._snapshot(), pad=False)
    texts = ["".join(part.text for part in line).rstrip() for line in lines]
    assert len(texts) == 5
    assert texts[-1] == "  … and 7 more running"
    assert max(len(text) for text in texts) <= 50


def test_a_story_goes_by_its_title() -> None:
    listed = BatchStories(batch_id=BATCH, stories=(entry(1, url="file:///srv/s1.md", title="My sister"),))
    started = story_event(StoryStarted, 1, worker="w-1", url="file:///srv/s1.md")
    assert "[0/1]   0 %  #1 My sister  running on w-1" in plain([opened(1), listed, started])
    story = fold(BATCH, [listed, started]).stories["story-1"]
    assert running_cells(story, 5, 3)[1] == "My sister"


def test_a_run_that_is_over_leaves_nothing_behind() -> None:
    progress = Progress(BATCH, console=Console(file=io.StringIO()), live=False, clock=Clock())
    for kind in (StoryStarted, StorySucceeded):
        for number in range(1, 6):
            assert progress.event(story_event(kind, number))
            assert not progress.event(story_event(kind, number).model_copy(update={"batch_id": "another"}))
    assert progress._begun == {}
