"""A batch before it is published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gt_common.batches import place_stories
from gt_common.errors import UsageError
from gt_common.lifecycle import fold
from gt_common.messages import MAX_ORDINAL
from gt_common.stories import Story, read_list
from gt_producer.produce.journal_state import Header, JournalState, fold_lines
from gt_producer.produce.plan import fingerprint, make_header, make_plan
from gt_producer.produce.positions import Positions, PositionSet


def stories(count: int, first: int = 1) -> Sequence[Story]:
    lines = [f"https://redd.it/s{number}" for number in range(first, first + count)]
    return read_list(lines, "urls.txt", Path("/")).stories


def header(batch_id: str = "b", name: str | None = None) -> Header:
    return Header(batch_id, "gt", "f" * 64, name, {})


def test_the_announcement_folds_into_the_whole_batch_and_is_the_same_each_time() -> None:
    plan = make_plan(header(name="n"), stories(1200), JournalState())
    events = list(plan.opening_events())
    state = fold("b", events)
    assert (state.total, len(state.stories), state.opened is not None) == (1200, 1200, True)
    again = [event.event_id for event in plan.opening_events()]
    assert again[1:] == [event.event_id for event in events[1:]]


def test_a_plan_leaves_out_what_was_published_and_keeps_the_first_name() -> None:
    placed = place_stories("b", stories(5), {})
    state = JournalState(
        header("b", "first"),
        Positions((one.story_id, one.position) for one in placed),
        confirmed=PositionSet(one.position for one in placed[:3]),
    )
    plan = make_plan(header("b", "second"), stories(3, first=3), state)
    assert (plan.name, plan.total, plan.before, plan.absent) == ("first", 5, 1, 0)
    assert [one.position for one in plan.remaining] == [4, 5]
    smaller = make_plan(header(), stories(1), state)
    assert (smaller.absent, smaller.total) == (2, 5)


def test_a_batch_of_another_namespace_is_refused() -> None:
    other = Header("b", "other", "f", None, {})
    with pytest.raises(UsageError, match="GT_NAMESPACE=other"):
        make_plan(header(), stories(1), JournalState(other))


def test_the_very_same_list_has_the_same_fingerprint() -> None:
    assert fingerprint(stories(3)) == fingerprint(stories(3))
    assert fingerprint(stories(3)) != fingerprint(stories(4))
    plain, opted = Story("u", "c", "x:1"), Story("u", "c", "y:2", {"a": 1})
    assert fingerprint([plain]) != fingerprint([opted])
    assert make_header("b", "gt", [plain], None, {}).same_list(make_header("c", "gt", [plain], "n", {}))


def test_a_batch_with_more_stories_than_allowed_is_refused_and_stays_usable() -> None:
    full = JournalState(header())
    full.list_run(1, f"{1:016x}" * MAX_ORDINAL)
    with pytest.raises(UsageError, match="at most 1,000,000 stories"):
        make_plan(header(), stories(1), full)
    # A journal in which an earlier version has listed one story too many.
    last, beyond = "a" * 16, "b" * 16
    line = json.dumps({"listed": [[last, MAX_ORDINAL], [beyond, MAX_ORDINAL + 1]]})
    assert fold_lines([line]).positions == {last: MAX_ORDINAL}
