"""A batch before its stories go out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.batches import (
    CHUNK_BYTES,
    CHUNK_ENTRIES,
    MAX_STORY_BODY,
    PlacedStory,
    _entry_length,
    _surely_fits,
    check_batch_id,
    check_messages,
    check_name,
    chunks_of_list,
    list_event,
    list_events,
    new_batch_id,
    parse_tags,
    place_stories,
    story_message,
    story_messages,
)
from gt_common.errors import UsageError
from gt_common.lifecycle import fold
from gt_common.messages import MAX_BODY, MAX_ORDINAL, decode_event, decode_story, encode
from gt_common.stories import ListReading, Story, read_list


def stories(count: int, first: int = 1) -> Sequence[Story]:
    lines = [f"https://redd.it/s{number}" for number in range(first, first + count)]
    return read_list(lines, "urls.txt", Path("/")).stories


def with_options(options: dict[str, object]) -> ListReading:
    line = json.dumps({"url": "https://redd.it/s1", "options": options})
    return check_messages(read_list([line], "x.jsonl", Path("/"), jsonl=True))


def test_a_made_batch_id_is_readable_valid_and_new_each_time() -> None:
    now = datetime(2026, 11, 22, 20, 30, 15, tzinfo=UTC)
    made = {new_batch_id(now) for _ in range(20)}
    assert len(made) > 15  # of a million per second
    assert all(check_batch_id(one).startswith("20261122-203015-") for one in made)


@pytest.mark.parametrize("text", ["", "a/b", "../x", ".x", "a b", "ä", "x" * 65, "a\n", "a#"])
def test_a_batch_id_that_could_lead_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="invalid batch id"):
        check_batch_id(text)


def test_tags_are_read() -> None:
    assert parse_tags(["team=a", "note=x=y", "empty=", "team=a"]) == {"team": "a", "note": "x=y", "empty": ""}


@pytest.mark.parametrize(
    "texts",
    [
        ["x"],
        ["=y"],
        ["a b=c"],
        ["k=" + "v" * 201],
        ["k=a\nb"],
        ["k=1", "k=2"],
        [f"k{n}=v" for n in range(51)],
    ],
)
def test_tags_of_another_form_are_refused(texts: list[str]) -> None:
    with pytest.raises(UsageError, match="tag"):
        parse_tags(texts)


@pytest.mark.parametrize("name", ["", "x" * 201, "a\x1b[31mb", "\udc80"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        check_name(name)
    assert check_name("Montag, früh") == "Montag, früh"


@pytest.mark.parametrize(
    "options",
    [
        {"x": float("nan")},
        {"x": [float("inf")]},
        {"x": "\ud800"},
        {"text": "y" * MAX_STORY_BODY},
        {"text": "y" * (MAX_BODY + 1)},
    ],
    ids=["nan", "inf", "surrogate", "large", "larger"],
)
def test_options_that_no_worker_could_read_are_a_problem_at_their_line(options: dict[str, object]) -> None:
    reading = with_options(options)
    assert reading.stories == ()
    assert reading.problems[0].startswith("x.jsonl:1: ")


def test_deeply_nested_options_are_a_problem() -> None:
    line = '{"url": "https://redd.it/s1", "options": {"a": ' + "[" * 400 + "]" * 400 + "}}"
    reading = check_messages(read_list([line], "x.jsonl", Path("/"), jsonl=True))
    assert reading.stories == ()
    assert reading.problems[0].startswith("x.jsonl:1: ")


def test_options_that_fit_leave_room_for_the_errors_of_all_attempts() -> None:
    reading = with_options({"text": "y" * (MAX_STORY_BODY - 1000), "n": None, "big": 10**30})
    assert reading.problems == ()
    assert reading.stories[0].options["big"] == 10**30


def test_new_stories_take_the_places_after_those_that_are_known() -> None:
    first = place_stories("b", stories(3), {})
    assert [one.position for one in first] == [1, 2, 3]
    known = {first[0].story_id: 1, first[2].story_id: 3, "0123456789abcdef": 7}
    again = place_stories("b", stories(4), known)
    assert [one.position for one in again] == [1, 8, 3, 9]


@given(st.lists(st.integers(1, 30), unique=True), st.lists(st.integers(1, 30), unique=True))
def test_no_place_is_given_twice_whatever_lists_come_one_after_the_other(
    one: list[int], two: list[int]
) -> None:
    known: dict[str, int] = {}
    for numbers in (one, two, one + [number for number in two if number not in one]):
        placed = place_stories("b", [stories(1, number)[0] for number in numbers], known)
        assert all(known.get(story.story_id, story.position) == story.position for story in placed)
        known |= {story.story_id: story.position for story in placed}
    assert sorted(known.values()) == list(range(1, len(known) + 1))


def test_a_message_says_all_of_its_story() -> None:
    story = Story(
        "https://old.reddit.com/comments/s1", "https://www.reddit.com/comments/s1/", "x:1", {"a": 1}
    )
    placed = place_stories("b", [story], {})[0]
    message = decode_story(encode(story_message("b", placed)))
    assert (message.batch_id, message.story_id, message.position) == ("b", placed.story_id, 1)
    assert (message.url, message.canonical_url, message.options) == (story.url, story.canonical, {"a": 1})


def test_a_list_is_cut_into_chunks_that_fit() -> None:
    short = list(chunks_of_list(place_stories("b", stories(CHUNK_ENTRIES * 2 + 1), {})))
    assert [len(chunk) for chunk in short] == [CHUNK_ENTRIES, CHUNK_ENTRIES, 1]
    url = "https://redd.it/s1?" + "é" * 2000
    long = [Story(url, f"c{number}", "x") for number in range(200)]
    chunks = list(chunks_of_list(place_stories("b", long, {})))
    events = [list_event("b", chunk) for chunk in chunks]
    sizes = [sum(len(entry.model_dump_json().encode()) + 1 for entry in event.stories) for event in events]
    assert sum(map(len, chunks)) == 200
    assert max(sizes) <= CHUNK_BYTES
    assert len(chunks) > 1


def test_options_are_told_in_the_list_only_when_asked_for() -> None:
    plain, opted = (
        Story("https://redd.it/a", "ca", "x:1"),
        Story("https://redd.it/b", "cb", "x:2", {"a": None}),
    )
    placed = place_stories("b", [plain, opted], {})
    (bare,) = list_events("b", placed)
    assert b"options" not in encode(bare)
    (full,) = list_events("b", placed, with_options=True)
    assert decode_event(encode(full)) == full
    assert [entry.options for entry in full.stories] == [None, {"a": None}]
    assert full.event_id == bare.event_id


def test_a_batch_that_would_have_too_many_stories_is_refused_before_it_is_placed() -> None:
    known = {"other": MAX_ORDINAL - 1}
    assert [one.position for one in place_stories("b", stories(1), known)] == [MAX_ORDINAL]
    with pytest.raises(UsageError, match=r"batch b can have at most 1,000,000 stories.* 1,000,001"):
        place_stories("b", stories(2), known)


def test_a_title_is_in_the_message_and_in_the_list_and_makes_it_another_list() -> None:
    plain = PlacedStory("s1", 1, Story("https://redd.it/a", "https://redd.it/a", "x:1"))
    titled = replace(plain, story=replace(plain.story, title="My sister"))
    assert (story_message("b", titled).title, story_message("b", plain).title) == ("My sister", None)
    [before], [after] = list(list_events("b", [plain])), list(list_events("b", [titled]))
    assert [event.stories[0].title for event in (before, after)] == [None, "My sister"]
    assert before.event_id != after.event_id
    for events in ([before, after], [after, before]):
        assert fold("b", events).stories["s1"].title == "My sister"


def test_messages_of_a_whole_list_are_those_of_its_stories() -> None:
    opted = Story(
        "https://redd.it/x1", "https://www.reddit.com/comments/x1/", "x:9", {"a": ["é", None]}, "A title"
    )
    placed = place_stories("b", [*stories(3), opted], {})
    now = datetime(2026, 11, 22, tzinfo=UTC)
    found = [message.model_copy(update={"published_at": now}) for message in story_messages("b", placed)]
    one_by_one = [story_message("b", one).model_copy(update={"published_at": now}) for one in placed]
    assert [encode(message) for message in found] == [encode(message) for message in one_by_one]


@given(
    url=st.text(st.characters(codec="ascii", min_codepoint=32), max_size=50),
    title=st.none() | st.text(max_size=20),
    value=st.none() | st.integers() | st.text(max_size=20) | st.lists(st.floats(), max_size=2),
)
def test_what_needs_no_closer_look_would_pass_it(url: str, title: str | None, value: object) -> None:
    story = Story(f"https://x.org/{url}", "https://x.org/", "x:1", {"a": value}, title)
    if not _surely_fits(story):
        return
    message = story_message("b", PlacedStory("f" * 16, 1, story))
    assert decode_story(encode(message)).options == story.options
    assert len(encode(message)) <= MAX_STORY_BODY


@given(url=st.text(max_size=50), position=st.integers(1, MAX_ORDINAL))
def test_the_length_of_an_entry_is_what_it_takes_in_the_event(url: str, position: int) -> None:
    one = PlacedStory("f" * 16, position, Story(f"https://x.org/{url}", "c", "x:1"))
    try:
        (entry,) = list_event("b", [one]).stories
    except ValueError:
        return  # such a URL is refused when the list is read
    assert _entry_length(one, None, with_options=False) == len(entry.model_dump_json().encode()) + 1
