"""The timeline: starts and ends paired, whatever order they came in and whatever is missing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.ledger.spans import ENDINGS, STARTED, Mark, spans_of
from gt_common.messages import StoryEvent
from support.samples.events import at, story_events


def mark(
    kind: str,
    seconds: float,
    worker: str | None = "a",
    attempt: int = 1,
    started: float | None = None,
    run: int = 0,
) -> Mark:
    """Make a mark of the one story of these tests."""
    return Mark(
        event_id=f"{kind}-{seconds}",
        type=f"story.{kind}",
        at=at(seconds),
        story_id="story-1",
        generation=1,
        attempt=attempt,
        run=run,
        worker=worker,
        started_at=None if started is None else at(started),
    )


CASES = {
    "it runs": ([mark("started", 0)], [("a", 0, None, "running")]),
    "it ended": (
        [mark("started", 0), mark("succeeded", 9, started=0)],
        [("a", 0, 9, "success")],
    ),
    "handed back, then taken up by another": (
        [
            mark("started", 0),
            mark("released", 4, started=0),
            mark("started", 6, "b", run=1),
            mark("retrying", 9, "b", run=1, started=6),
        ],
        [("a", 0, 4, "released"), ("b", 6, 9, "retrying")],
    ),
    "a worker vanished and another made it": (
        [mark("started", 0), mark("started", 20, "b"), mark("succeeded", 30, "b", started=20)],
        [("a", 0, 20, "lost"), ("b", 20, 30, "success")],
    ),
    "the same worker began again after it was killed": (
        [mark("started", 0), mark("started", 20), mark("succeeded", 30, started=20)],
        [("a", 0, 20, "lost"), ("a", 20, 30, "success")],
    ),
    "a worker vanished and nobody came yet": ([mark("started", 0)], [("a", 0, None, "running")]),
    "the broker gave up": (
        [mark("started", 0), mark("started", 20, "b"), mark("failed", 50, None)],
        [("a", 0, 20, "lost"), ("b", 20, 50, "failed")],
    ),
    "the start has not come yet": (
        [mark("failed", 9, started=3)],
        [("a", 3, 9, "failed")],
    ),
    "an end without any start tells no span": ([mark("failed", 9, None)], []),
    "an end told twice": (
        [mark("started", 0), mark("succeeded", 9, started=0), mark("succeeded", 12, started=0)],
        [("a", 0, 9, "success")],
    ),
    "it was cancelled": (
        [mark("started", 0), mark("cancelled", 9, started=0)],
        [("a", 0, 9, "cancelled")],
    ),
    "it began after the cancel, on a worker that had not heard of it": (
        [mark("cancelled", 9, None), mark("started", 12, "b", 2)],
        [("b", 12, 12, "cancelled")],
    ),
    "it was cancelled while it waited for its retry": (
        [mark("started", 0), mark("retrying", 4, started=0), mark("cancelled", 9, None, 2)],
        [("a", 0, 4, "retrying")],
    ),
    "it succeeded within the grace of a cancel": (
        [mark("started", 0), mark("cancelled", 9, started=0), mark("succeeded", 12, started=0)],
        [("a", 0, 12, "success")],
    ),
    "a worker vanished, and another runs it when it is cancelled": (
        [mark("started", 0), mark("cancelled", 30, "a", started=0), mark("started", 20, "b", 2)],
        [("a", 0, 20, "lost"), ("b", 20, 30, "cancelled")],
    ),
    "it was cancelled so early that its start was not told": (
        [mark("cancelled", 9, started=8)],
        [("a", 8, 9, "cancelled")],
    ),
    "its dead letter was discarded": (
        [mark("started", 0), mark("failed", 4, started=0), mark("cancelled", 9, None)],
        [("a", 0, 4, "failed")],
    ),
    "two workers ran at once": (
        [
            mark("started", 0),
            mark("started", 5, "b"),
            mark("succeeded", 8, "a", started=0),
            mark("retrying", 9, "b", started=5),
        ],
        [("a", 0, 8, "success"), ("b", 5, 9, "retrying")],
    ),
}


@pytest.mark.parametrize(("marks", "spans"), CASES.values(), ids=CASES)
def test_starts_and_ends_are_paired(
    marks: Sequence[Mark], spans: list[tuple[str, float, float | None, str]]
) -> None:
    wanted = [
        (worker, at(begin), None if end is None else at(end), outcome)
        for worker, begin, end, outcome in spans
    ]
    for order in itertools.permutations(marks):
        found = [(span.worker, span.started_at, span.ended_at, span.outcome) for span in spans_of(order)]
        assert found == wanted


def mark_of(event: StoryEvent) -> Mark:
    """Make the mark of an event as the table gives it."""
    return Mark(
        event_id=event.event_id,
        type=event.type,
        at=event.at,
        story_id=event.story_id,
        generation=event.generation,
        attempt=event.attempt,
        run=event.run,
        worker=event.worker,
        started_at=event.started_at,
    )


@given(st.lists(story_events(), max_size=20), st.data())
def test_the_order_of_marks_does_not_matter_and_no_start_is_forgotten(
    events: list[StoryEvent], data: st.DataObject
) -> None:
    marks = [mark_of(event) for event in events if event.type in {STARTED, *ENDINGS}]
    spans = spans_of(marks)
    assert spans_of(data.draw(st.permutations(marks))) == spans
    assert len(spans) == sum(mark.type == STARTED for mark in marks)
    assert all(span.ended_at is None or span.ended_at >= span.started_at for span in spans)
    assert all((span.ended_at is None) == (span.outcome == "running") for span in spans)
