"""Messages survive encoding unchanged; anything else is refused with one kind of error."""

from __future__ import annotations

import json
import time
import uuid
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from gt_common.errors import MalformedMessageError
from gt_common.messages import (
    EVENT_TYPES,
    MAX_BODY,
    MAX_ERRORS,
    AttemptError,
    BatchOpened,
    BatchPaused,
    BatchResumed,
    BatchSealed,
    BatchStories,
    Event,
    FleetPaused,
    FleetResumed,
    Replay,
    StoryEntry,
    StoryFailed,
    StoryMessage,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StorySpent,
    StoryStage,
    StoryStarted,
    StorySucceeded,
    UnknownEvent,
    decode_event,
    decode_story,
    encode,
)
from support.samples.events import BATCH, NOON, TIMED_OUT

URL = "https://redd.it/a1"
MESSAGE = StoryMessage(
    batch_id=BATCH,
    story_id="s1",
    position=1,
    url=URL,
    canonical_url="https://www.reddit.com/comments/a1/",
    options={"voice": "warm", "deep": {"list": [1, 2.5, None, "é"]}},
)
EVENTS: list[Event] = [
    BatchOpened(batch_id=BATCH, total=3, name="monday", tags={"team": "a"}),
    BatchStories(batch_id=BATCH, stories=(StoryEntry(story_id="s1", position=1, url=URL),)),
    BatchSealed(batch_id=BATCH),
    StoryStarted(batch_id=BATCH, story_id="s1", position=1, url=URL, worker="w"),
    StoryStage(batch_id=BATCH, story_id="s1", position=1, url=URL, stage="render", fraction=0.5),
    StorySpent(batch_id=BATCH, story_id="s1", position=1, url=URL, cost={"elevenlabs": 12_000, "gemini": 0}),
    StoryReleased(
        batch_id=BATCH, story_id="s1", position=1, url=URL, reason="rate_limited", provider="p", until=NOON
    ),
    StoryRetrying(batch_id=BATCH, story_id="s1", position=1, url=URL, failure=TIMED_OUT, until=NOON),
    StoryFailed(batch_id=BATCH, story_id="s1", position=1, url=URL, failure=TIMED_OUT, letter=MESSAGE),
    StorySucceeded(
        batch_id=BATCH, story_id="s1", position=1, url=URL, output_path="/x.mp4", made_in=(1, 2, 0)
    ),
    StoryRequeued(batch_id=BATCH, story_id="s1", position=1, url=URL, generation=2, by="op", reason="fixed"),
    BatchPaused(batch_id=BATCH, by="op", reason="too loud"),
    BatchResumed(batch_id=BATCH, by="op", revision=2),
    FleetPaused(by="op", revision=3),
    FleetResumed(by="op", revision=4),
]


def attempt_error(number: int) -> AttemptError:
    ended = NOON + timedelta(minutes=number)
    return AttemptError(failure=TIMED_OUT, generation=1, attempt=number, ended_at=ended)


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(encode(MESSAGE)), **fields}).encode()


def test_a_story_message_comes_back_the_same() -> None:
    assert decode_story(encode(MESSAGE)) == MESSAGE


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_comes_back_the_same(event: Event) -> None:
    assert decode_event(encode(event)) == event


def test_fields_of_a_later_minor_version_are_kept() -> None:
    message = decode_story(changed(colour="blue"))
    assert json.loads(encode(message.handed_back()))["colour"] == "blue"
    body = json.dumps({**json.loads(encode(EVENTS[0])), "colour": "blue"}).encode()
    assert json.loads(encode(decode_event(body)))["colour"] == "blue"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"{}",
        b"[" * 50_000,
        changed(v=2),
        changed(v="1.0"),
        changed(batch_id="../../etc"),
        changed(batch_id=""),
        changed(batch_id="a/b"),
        changed(batch_id="a\nb"),
        changed(batch_id="batch-1\n"),
        changed(batch_id=".hidden"),
        changed(batch_id="x" * 65),
        changed(story_id="a#"),
        changed(story_id="*"),
        changed(story_id=7),
        changed(position=0),
        changed(position=1_000_001),
        changed(attempt=-1),
        changed(generation=2**70),
        changed(url=""),
        changed(url="x" * 2049),
        changed(url="https://redd.it/" + "x" * 2049),
        changed(published_at="yesterday"),
        changed(published_at="2026-03-01T12:00:00"),
        changed(options=[]),
        changed(errors=[json.loads(attempt_error(1).model_dump_json())] * (MAX_ERRORS + 1)),
        changed(options={"x": "y" * MAX_BODY}),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_story_message_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedMessageError, match=r"^malformed"):
        decode_story(body)


@pytest.mark.parametrize(
    "url",
    ["--exec=touch", "-rf", " https://redd.it/a1", "javascript:alert(1)", "/etc/passwd", "a.md", "ftp://x/"],
)
@pytest.mark.parametrize("name", ["url", "canonical_url"])
def test_a_url_that_a_program_could_take_for_something_else_is_refused(name: str, url: str) -> None:
    with pytest.raises(MalformedMessageError, match=f"{name}: .*begins with https:, http: or file:"):
        decode_story(changed(**{name: url}))


@pytest.mark.parametrize("gap", [" ", "\n", "\t", "\0", "\x1b", "\x7f", "\x85", "\xa0", "\u2028", "\u3000"])
@pytest.mark.parametrize("name", ["url", "canonical_url"])
def test_a_url_with_white_space_or_control_characters_is_refused(name: str, gap: str) -> None:
    with pytest.raises(MalformedMessageError, match=f"{name}: .*no white space and no control characters"):
        decode_story(changed(**{name: f"https://redd.it/a1/?q={gap}--exec=touch"}))


@pytest.mark.parametrize("name", ["--exec=touch", "a\n.md", "a\x1b.md", "", "x" * 2049])
def test_a_name_that_a_program_could_take_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(MalformedMessageError, match="given: "):
        decode_story(changed(given=name))


@pytest.mark.parametrize("url", ["https://redd.it/a1", "HTTP://redd.it/a1", "file:///stories/a.md"])
def test_links_and_files_are_the_urls_of_stories(url: str) -> None:
    assert decode_story(changed(url=url, canonical_url=url)).url == url


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    body = encode(EVENTS[4]).replace(b'"fraction":0.5', f'"fraction":{number}'.encode())
    with pytest.raises(MalformedMessageError):
        decode_event(body)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "story exploded"},
        {"type": "story.exploded", "v": 0},
        {"type": None},
        {"v": 2},
        {"batch_id": "a/b"},
        {"total": 0},
        {"event_id": ".."},
    ],
    ids=str,
)
def test_an_event_of_another_form_is_refused(change: dict[str, object]) -> None:
    body = json.dumps({**json.loads(encode(EVENTS[0])), **change}).encode()
    with pytest.raises(MalformedMessageError):
        decode_event(body)


@pytest.mark.parametrize(
    ("change", "batch_id"),
    [
        ({"type": "story.exploded"}, BATCH),
        ({"type": "story.exploded", "v": 2}, BATCH),
        ({"type": "fleet.exploded", "v": 3, "batch_id": None, "at": "soon"}, None),
        ({"type": "fleet.exploded", "batch_id": ["a", "b"]}, None),
    ],
    ids=str,
)
def test_an_event_of_a_type_of_a_newer_version_is_kept_as_it_came(
    change: dict[str, object], batch_id: str | None
) -> None:
    body = json.dumps({**json.loads(encode(EVENTS[0])), **change}).encode()
    event = decode_event(body)
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.v, event.batch_id) == (change["type"], change.get("v", 1), batch_id)
    assert encode(event) == body


def test_the_types_that_are_known_are_those_of_the_events() -> None:
    assert {event.type for event in EVENTS} == EVENT_TYPES - {"story.cancelled"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
known_fields = st.sampled_from(
    sorted({*json.loads(encode(MESSAGE)), "type", "at", "stories", "failure", "tags"})
)


@given(st.binary(max_size=300))
@example(b'{"type": "story.failed", "letter": {"v": 1}}')
def test_any_bytes_are_a_message_or_are_refused_in_one_way(body: bytes) -> None:
    for decode in (decode_story, decode_event):
        with pytest.raises(MalformedMessageError):
            decode(body)


@given(st.dictionaries(known_fields, json_values, max_size=4), st.sampled_from([MESSAGE, *EVENTS]))
def test_a_message_with_changed_fields_is_sound_or_refused(
    changes: dict[str, object], message: StoryMessage | Event
) -> None:
    body = json.dumps({**json.loads(encode(message)), **changes}).encode()
    decode = decode_story if isinstance(message, StoryMessage) else decode_event
    try:
        found = decode(body)
    except MalformedMessageError:
        return
    again = decode(encode(found))
    assert getattr(again, "batch_id", None) == getattr(found, "batch_id", None)


def test_the_history_of_errors_is_bounded_and_the_last_ones_stay() -> None:
    message = MESSAGE
    for number in range(1, 8):
        message = message.failed_attempt(attempt_error(number))
    assert [error.attempt for error in message.errors] == [3, 4, 5, 6, 7]
    assert message.attempt == 8


def test_handing_back_spends_no_attempt_and_a_failed_attempt_ends_the_runs() -> None:
    message = MESSAGE.handed_back().handed_back()
    assert (message.attempt, message.run) == (1, 2)
    assert message.failed_attempt(attempt_error(1)).run == 0


def test_a_replay_begins_a_generation_with_a_clean_sheet() -> None:
    letter = MESSAGE.failed_attempt(attempt_error(1)).dead(attempt_error(2))
    assert (letter.attempt, letter.died_at, len(letter.errors)) == (2, attempt_error(2).ended_at, 2)
    again = letter.replayed(Replay(at=NOON, by="op"))
    assert (again.generation, again.attempt, again.run, again.errors, again.died_at) == (2, 1, 0, (), None)
    assert again.options == MESSAGE.options
    assert decode_story(encode(again)) == again


def test_a_message_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        MESSAGE.attempt = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("My sister", "My sister"),
        ("two\nlines \x1b[1m", "two lines [1m"),
        ("x" * 300, "x" * 199 + "…"),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_title_is_cleaned_and_never_makes_a_message_malformed(sent: object, read: str | None) -> None:
    body = json.loads(encode(MESSAGE)) | {"title": sent}
    assert decode_story(json.dumps(body).encode()).title == read
    entry = {"story_id": "s1", "position": 1, "url": URL, "title": sent}
    event = {"v": 1, "type": "batch.stories", "batch_id": BATCH, "event_id": "e", "at": NOON.isoformat()}
    decoded = decode_event(json.dumps(event | {"stories": [entry]}).encode())
    assert isinstance(decoded, BatchStories)
    assert decoded.stories[0].title == read


def test_messages_without_a_title_are_as_before() -> None:
    assert b"title" not in encode(MESSAGE)
    assert decode_story(encode(MESSAGE)).title is None


def test_ids_of_new_events_sort_by_time_and_never_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    ids: list[str] = []
    for second in range(1_700_000_000, 1_700_000_200):
        monkeypatch.setattr(time, "time_ns", lambda now=second: now * 1_000_000_000)
        ids += sorted(BatchSealed(batch_id=BATCH).event_id for _ in range(3))
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant) for text in ids} == {(7, uuid.RFC_4122)}
