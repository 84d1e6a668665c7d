"""Stories in little memory: what was packed comes back unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.stories import (
    NotAStoryError,
    Story,
    StoryTable,
    canonical_url,
    canonical_urls,
    read_list,
    without,
)
from gt_common.stories.urls import plain_post

_TEXT = st.text(st.characters(), min_size=1, max_size=40)
# A canonical URL has no control characters; the table shortens with one.
_CANONICAL = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
_OPTIONS = st.dictionaries(
    _TEXT, st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT
)
_STORY = st.builds(
    Story,
    url=_TEXT,
    canonical=_CANONICAL
    | st.from_regex(r"https://www\.reddit\.com/comments/[a-z0-9]{1,12}/", fullmatch=True),
    place=_TEXT | st.from_regex(r"[a-z]+\.txt:[0-9]{1,12}", fullmatch=True),
    options=_OPTIONS,
    title=st.none() | _TEXT,
    given=st.none() | _TEXT,
)


@given(stories=st.lists(_STORY, max_size=5))
def test_stories_come_back_as_they_were_added(stories: list[Story]) -> None:
    table = StoryTable(stories)
    assert list(table) == stories
    assert [table[number] for number in range(len(stories))] == stories
    assert list(canonical_urls(table)) == [story.canonical for story in stories]
    assert list(table.unusual()) == stories
    assert table == tuple(stories)
    assert table[-2:] == tuple(stories[-2:])


def test_a_place_that_looks_like_a_number_stays_as_it_is() -> None:
    places = ["a:007", "a:0", "9", "a:1234567890123", "argument 3", "a:\u0663"]
    assert [story.place for story in StoryTable(Story("u", "c", place) for place in places)] == places


def test_only_usual_links_need_no_closer_look() -> None:
    lines = ["https://redd.it/a1", "https://redd.it/a2 # a note", '{"url": "https://redd.it/a3"}']
    stories = read_list(lines, "x", Path("/")).stories
    assert isinstance(stories, StoryTable)
    assert [story.url[-2:] for story in stories] == ["a1", "a2", "a3"]
    assert [story.url[-2:] for story in stories.unusual()] == ["a2", "a3"]


def test_leaving_out_nothing_copies_nothing() -> None:
    stories = read_list(["https://redd.it/a1", "https://redd.it/a2"], "x", Path("/")).stories
    assert without(stories, set()) is stories
    left = without(stories, {"https://www.reddit.com/comments/a1/"})
    assert [story.url for story in left] == ["https://redd.it/a2"]


@pytest.mark.parametrize(
    "link",
    [
        "https://www.reddit.com/r/AmItheAsshole/comments/1abc2d/aita_for_that/",
        "https://www.reddit.com/r/a/comments/1abc2d/",
        "https://www.reddit.com/comments/1abc2d",
        "https://old.reddit.com/r/a.b-c/comments/1abc2d/x",
        "https://redd.it/1abc2d",
        "https://redd.it/1abc2d/",
    ],
)
def test_usual_links_are_recognised_at_once(link: str) -> None:
    assert plain_post(link) == canonical_url(link, Path("/"))[1]


_PIECES = (
    *("https://", "http://", "www.", "old.", "np.", "reddit.com", "redd.it", "/r/", "/u/", "/user/", "a"),
    *(
        "/comments/",
        "/gallery/",
        "1abc2d",
        "ABC",
        "/",
        "title",
        "é",
        "?x=1",
        "#",
        " ",
        "\t",
        ",",
        ".",
        "-",
        "_",
    ),
)
_PARTS = st.lists(st.sampled_from(_PIECES), max_size=9).map("".join)


@given(link=_PARTS)
def test_what_is_recognised_at_once_is_what_a_closer_look_says(link: str) -> None:
    at_once = plain_post(link)
    if at_once is not None:
        try:
            assert canonical_url(link, Path("/")) == (link, at_once)
        except NotAStoryError as error:
            pytest.fail(f"{link} is not a story: {error}")
