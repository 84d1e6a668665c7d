"""Walks every arrow of docs/states.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import get_args

import pytest

from gt_common.lifecycle import BatchPhase, StoryState, StoryStatus, apply_to_story, fold, status_of
from gt_common.messages import (
    BatchHold,
    BatchPaused,
    BatchResumed,
    Event,
    FleetHold,
    FleetPaused,
    FleetResumed,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StoryRetrying,
    StoryStarted,
    StorySucceeded,
)
from support.samples.events import BATCH, STORY_EVENTS, fleet_hold, hold, opened, story_event

PAGE = (Path(__file__).parents[3] / "docs" / "states.md").read_text()
KINDS: dict[str, type[StoryEvent]] = {str(kind.model_fields["type"].default): kind for kind in STORY_EVENTS}
BASE = {"generation": 2, "attempt": 2, "run": 2}
MADE_BY: dict[str, type[StoryEvent] | None] = {
    "queued": None,
    "running": StoryStarted,
    "retrying": StoryRetrying,
    "failed": StoryFailed,
    "cancelled": StoryCancelled,
    "success": StorySucceeded,
}
WITH_LETTER = "same, with its letter"
Row = tuple[str, ...]


def table(heading: str) -> list[Row]:
    """Return the rows of the table below a heading."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    assert len(lines) > 2, heading
    return [tuple(cell.strip().strip("`") for cell in line.strip("|").split("|")) for line in lines[2:]]


MOVES, STAYS, BATCHES = table("Story: what moves it"), table("Story: what does not move it"), table("Batch")


def counts(words: str) -> dict[str, int]:
    """Return the counts of the new event; those below the named one start again."""
    if words in {"same", WITH_LETTER}:
        return BASE
    name, sign, number = words.split()
    return BASE | {name: BASE[name] + (1 if sign == "+" else -1) * int(number)}


def standing(row: Row) -> StoryEvent | None:
    """Return the event that led to a row's first state, checked against it."""
    if row[1] == "none":
        assert row[0] == "queued"
        return None
    event = story_event(KINDS[row[1]], **BASE)
    if row[3] == WITH_LETTER:
        event = event.model_copy(update={"letter": None})
    assert status_of(event) == row[0]
    return event


@pytest.mark.parametrize("row", [*MOVES, *STAYS], ids=lambda row: " ".join(row[:5]))
def test_each_arrow_of_a_story_leads_where_the_page_says(row: Row) -> None:
    before, event = standing(row), story_event(KINDS[row[2]], seconds=1, **counts(row[3]))
    state = StoryState(event.story_id, event.position, event.url, before)
    assert state.status == row[0]
    after = apply_to_story(state, event)
    assert after.status == row[4]
    assert apply_to_story(after, event) == after, "twice is once"
    assert (after.event == event) == (row in MOVES)
    if before is not None:
        backwards = apply_to_story(apply_to_story(None, event), before)
        assert backwards.event == after.event, "whichever came first"


def test_the_diagram_shows_the_arrows_of_the_table() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (\S+)$", PAGE, re.MULTILINE)
    assert {(row[0], row[4], row[2]) for row in MOVES} == set(drawn)
    assert len(drawn) == len(set(drawn))


def test_every_status_and_every_event_has_its_arrows() -> None:
    assert {row[2] for row in MOVES} == set(KINDS)
    assert {row[0] for row in MOVES} == {row[4] for row in MOVES} == {str(status) for status in StoryStatus}


def test_from_every_status_that_is_not_final_there_is_a_way_to_each_end() -> None:
    for status in StoryStatus:
        if not status.final:
            assert {"success", "failed", "cancelled"} <= {row[4] for row in MOVES if row[0] == status}


def stories_of(words: str) -> Iterator[Event]:
    """Return events after which stories have these statuses, and the batch's opening."""
    names = [] if words == "none" else words.split(", ")
    if names:
        yield opened(len(names))
    for number, name in enumerate(names, start=1):
        kind = MADE_BY[name]
        if kind is not None:
            yield story_event(kind, number, **BASE)


def coming(row: Row) -> Event:
    """Return the event of a batch's row."""
    number = 1 if row[1] == "none" else len(row[1].split(", "))
    if row[2] == "batch.opened":
        return opened(number + 1, seconds=1)
    restored = row[1].endswith("cancelled") or row[2] == "story.requeued"
    return story_event(KINDS[row[2]], number, 1, **(BASE | ({"generation": 3} if restored else {})))


@pytest.mark.parametrize("row", BATCHES, ids=lambda row: " ".join(row[:4]))
def test_each_arrow_of_a_batch_leads_where_the_page_says(row: Row) -> None:
    events = list(stories_of(row[1]))
    assert fold(BATCH, events).phase == row[0]
    events.append(coming(row))
    for order in permutations(events):
        state = fold(BATCH, order)
        assert state.phase == row[3]
        assert sum(state.counts.values()) == state.total


HOLDS = {str(kind.model_fields["type"].default) for kind in get_args(BatchHold | FleetHold)}
PAUSES = table("Pause")


def hold_of(type_: str, revision: int, seconds: float) -> BatchHold | FleetHold:
    """Make the event of a pause, or of its end."""
    match type_:
        case "batch.paused":
            return hold(BatchPaused, revision, seconds)
        case "batch.resumed":
            return hold(BatchResumed, revision, seconds)
        case "fleet.paused":
            return fleet_hold(FleetPaused, revision, seconds)
        case _:
            return fleet_hold(FleetResumed, revision, seconds)


@pytest.mark.parametrize("row", PAUSES, ids=lambda row: " ".join(row[:4]))
def test_each_arrow_of_a_pause_leads_where_the_page_says(row: Row) -> None:
    what = row[1].split(".")[0]
    before = hold_of(f"{what}.{'paused' if row[0] == 'paused' else 'resumed'}", 5, 0)
    sign, _, number = row[2].partition(" ")
    revision = 5 if sign == "same" else 5 + (1 if sign == "+" else -1) * int(number)
    events = [opened(1), before, hold_of(row[1], revision, 1)]
    assert (fold(BATCH, events[:2]).paused is not None) == (row[0] == "paused")
    for order in permutations([*events, *events[1:]]):
        assert (fold(BATCH, order).paused is not None) == (row[3] == "paused")


def test_every_event_of_a_pause_has_its_arrow() -> None:
    assert {row[1] for row in PAUSES} == HOLDS


def test_every_phase_has_its_arrows() -> None:
    phases = {str(phase) for phase in BatchPhase}
    assert {row[0] for row in BATCHES} == {row[3] for row in BATCHES} == phases
