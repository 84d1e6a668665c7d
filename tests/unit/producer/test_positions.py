"""Positions of stories and sets of them, as the journal writes and reads them."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.messages import MAX_ORDINAL
from gt_producer.produce.positions import Positions, PositionSet, ids_text, ranges_text

_SETS = st.sets(st.integers(1, 200))


@given(positions=_SETS)
def test_ranges_are_read_as_they_were_written(positions: set[int]) -> None:
    read = PositionSet()
    read.add_ranges(ranges_text(positions))
    assert {position for position in range(300) if position in read} == positions
    assert len(read) == len(positions)


@given(whole=_SETS, first=_SETS, second=_SETS)
def test_positions_outside_other_sets_are_counted(whole: set[int], first: set[int], second: set[int]) -> None:
    outside = PositionSet(whole).count_outside(PositionSet(first), PositionSet(second))
    assert outside == len(whole - first - second)


@pytest.mark.parametrize("text", ["", "x", "-", "0", "5-", "3-1", "-7", "1-99999999999999", "\u0665", "1e3"])
def test_ranges_of_another_form_add_nothing_that_cannot_be_a_position(text: str) -> None:
    read = PositionSet()
    read.add_ranges(text)
    assert len(read) <= MAX_ORDINAL
    assert 0 not in read


@given(ids=st.lists(st.integers(1, 2**64 - 1), unique=True, max_size=50), data=st.data())
def test_stories_are_found_in_any_order(ids: list[int], data: st.DataObject) -> None:
    positions = Positions()
    cut = data.draw(st.integers(0, len(ids)))
    for first, part in ((1, ids[:cut]), (cut + 1, ids[cut:])):
        assert positions.add_run(first, ids_text(array("Q", part))) == bool(part)
    expected = {f"{number:016x}": position for position, number in enumerate(ids, 1)}
    for story_id in data.draw(st.permutations(list(expected))):
        assert positions[story_id] == expected[story_id]
    assert positions == expected
    assert (len(positions), positions.last) == (len(ids), len(ids))


@pytest.mark.parametrize("text", ["f" * 15, "0x" + "f" * 15, " 0" + "f" * 15, "0" * 16, "g" * 16, ""])
def test_a_text_that_is_not_an_id_finds_no_story(text: str) -> None:
    assert Positions([("0" + "f" * 15, 1)]).get(text) is None


@pytest.mark.parametrize(
    ("first", "text"),
    [(1, "ab"), (1, "x" * 16), (2, "0" * 15 + "1"), (MAX_ORDINAL, "0" * 15 + "1" + "0" * 15 + "2"), (1, "")],
)
def test_runs_that_are_not_sound_are_left_out(first: int, text: str) -> None:
    positions = Positions([("a" * 16, 2)])
    assert not positions.add_run(first, text)
    assert positions == {"a" * 16: 2}
