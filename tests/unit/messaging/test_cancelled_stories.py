"""The set of cancelled stories: exact, small, and the same however often a notice comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from gt_common.messaging.control.cancelled import CancelledStories
from gt_common.messaging.control.notices import CancelNotice

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def notice(
    *stories: tuple[str, int],
    running: Literal["stop", "finish"] = "stop",
    at: datetime = AT,
    batch: str = "b1",
    by: str = "ann",
) -> CancelNotice:
    """Return the order to cancel stories."""
    return CancelNotice(at=at, by=by, batch_id=batch, stories=stories, running=running)


PAIRS = st.tuples(st.sampled_from(["s1", "s2", "s3", "s11"]), st.integers(1, 12))


@given(st.lists(st.lists(PAIRS, max_size=5), max_size=5), PAIRS)
def test_just_the_named_pairs_are_in_it(notices: list[list[tuple[str, int]]], pair: tuple[str, int]) -> None:
    known = CancelledStories()
    for pairs in notices * 2:
        known.add(notice(*pairs))
    named = any(pair in pairs for pairs in notices)
    assert (known.find("b1", *pair) is not None) == named
    assert known.find("b2", *pair) is None


def test_of_several_orders_the_latest_is_told_and_a_stop_stops() -> None:
    known = CancelledStories()
    known.add(notice(("s1", 1)))
    known.add(notice(("s1", 1), ("s2", 1), running="finish", at=AT + timedelta(seconds=1), by="bob"))
    found, other = known.find("b1", "s1", 1), known.find("b1", "s2", 1)
    assert found is not None
    assert (found.by, found.running) == ("bob", "stop")
    assert other is not None
    assert (other.by, other.running) == ("bob", "finish")


def test_it_takes_eight_bytes_a_story_however_often_the_stream_is_read() -> None:
    known = CancelledStories()
    orders = [notice(*((f"{n:016x}", 1) for n in range(start, start + 2000))) for start in (0, 2000, 4000)]
    for order in orders * 3:
        known.add(order)
    [parts] = known._batches["b1"].values()
    assert sum(part.itemsize * len(part) for part in parts) == 8 * 6000
