"""Stories that a list names again are kept packed, and read as they were given."""

from __future__ import annotations

import tracemalloc
from itertools import repeat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gt_common.stories import Story, merge, read_list
from gt_common.stories.repeats import Repeats

_URLS = st.sampled_from(["https://redd.it/a", "https://www.reddit.com/comments/a/", "file:///a.md"])
_STORIES = st.builds(
    Story,
    url=_URLS,
    canonical=_URLS,
    place=st.sampled_from(["a.txt:1", "b:07", "argument 3"]),
    options=st.sampled_from([{}, {"voice": "alto"}]),
    title=st.sampled_from([None, "A cup"]),
)


@given(st.lists(st.tuples(_STORIES, _STORIES), max_size=6))
def test_they_are_read_as_they_were_added(pairs: list[tuple[Story, Story]]) -> None:
    repeats = Repeats()
    for again, first in pairs:
        repeats.add(again, first)
    assert list(repeats) == pairs
    assert (len(repeats), repeats[:2]) == (len(pairs), tuple(pairs[:2]))


def test_a_repeat_within_a_later_list_names_its_place_there() -> None:
    url = "https://redd.it/a"
    lists = [read_list([url], "a", Path("/")), read_list([url, "https://www.redd.it/a"], "b", Path("/"))]
    merged = merge(lists).repeated
    assert [(again.place, again.url, first.place) for again, first in merged] == [
        ("b:2", "https://www.redd.it/a", "b:1"),
        ("b:1", url, "a:1"),
    ]


def test_one_story_again_and_again_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        reading = read_list(repeat("https://redd.it/a", 20_000), "-", Path("/"))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(reading.repeated) == 19_999
    assert kept < 2_000_000, "a hundred bytes for each; it was a kilobyte"
