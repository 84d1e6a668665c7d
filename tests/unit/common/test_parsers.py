"""Outside input: its parsers may raise only the project's own errors."""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fuzz.targets import OURS, TARGETS
from gt_common.failures import Failure
from gt_common.messages import StoryMessage
from gt_common.redaction import hide, redact
from gt_consumer.orchestrator.spec import CommandSpec, parse_orchestrator
from gt_consumer.storage.finished_videos import video_place

EXTREMES = st.sampled_from(
    [-1, 0, 1.5, 10**7, 10**30, -(2**63), 1e308, float("inf"), float("nan"), "", "\0", "\ud800", "../../x"]
)
OUTPUT = Path("/srv/videos")
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | EXTREMES
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner))
SPLICES = st.sampled_from(
    [b"\0", b"\xff", b'"', b"{", b"[", b"9" * 30, b"-", b"://", b"..", b"\n", b"%", b"@", b":"]
)
SEVERAL = {"studio story", "lists", "texts", "settings"}
"""Targets that read each seed in several ways, of which one fits."""
HARD = [
    b"",
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b"1" * 5000,
    b'{"title": ' + b"1" * 5000 + b"}",
    b'{"child": []}',
    b'{"acquire": {}, "id": true}',
    b'{"stage": "\\ud800", "fraction": NaN}',
    b"http://[",
    b"amqp://u:p@h:99999/",
    b"amqp://h:-1",
    b"amqp://u:p@[:%1]am:5q1]am:5q0@",
    b"sqlite:///\0",
    b"postgresql://u:PASSWORD@h:port/d",
    b"\xc3\xa9" * 3000,
    *(b'{"failed": true, "message": ' + b"[" * depth + b"]" * depth + b"}" for depth in range(880, 1000, 20)),
]


def nodes(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Yield the paths of all parts of a JSON value."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += nodes(inner, (*path, key))
    return found


def changed(value: object, path: tuple[str | int, ...], new: object) -> object:
    """Return a JSON value with one part replaced."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return value | {key: changed(value[key], tuple(rest), new)}
    assert isinstance(value, list)
    assert isinstance(key, int)
    return [*value[:key], changed(value[key], tuple(rest), new), *value[key + 1 :]]


@st.composite
def inputs(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Generate any bytes, or a valid input with one part corrupted."""
    seed = draw(st.sampled_from(seeds))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=300))
    if kind == 1:
        start = draw(st.integers(0, len(seed)))
        end = draw(st.integers(start, min(len(seed), start + 8)))
        return seed[:start] + draw(SPLICES | st.binary(max_size=8)) + seed[end:]
    try:
        value = json.loads(seed)
    except ValueError:
        return draw(st.text(max_size=80)).encode("utf-8", "surrogatepass")
    new = changed(value, draw(st.sampled_from(nodes(value))), draw(VALUES))
    return json.dumps(new, ensure_ascii=kind == 2).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("name", list(TARGETS))
def test_only_errors_of_ours_come_out(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=10 if name in SEVERAL else 25, suppress_health_check=list(HealthCheck))
    @given(inputs(target.seeds))
    def check(data: bytes) -> None:
        with contextlib.suppress(*OURS):
            target.run(data)

    check()


@pytest.mark.parametrize("name", list(TARGETS))
def test_known_hard_inputs_are_refused_in_our_words(name: str) -> None:
    for data in HARD:
        with contextlib.suppress(*OURS):
            TARGETS[name].run(data)


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in SEVERAL])
def test_sound_inputs_pass(name: str) -> None:
    """Fuzzing starts from the seeds: if they were refused, it would test nothing."""
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


NAMES = st.text(max_size=80) | st.sampled_from(
    ["..", ".", "", "/etc/passwd", "a/../../b", "..\\x", "\0", "~", "CON"]
)


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_title_and_no_id_leads_out_of_the_output_folder(
    title: str, path: str, batch_id: str, story_id: str
) -> None:
    for url in (f"https://www.reddit.com/r/a/comments/abc/{title}/", f"file:///{path}/{title}.md", title):
        story = StoryMessage.model_construct(
            batch_id=batch_id, story_id=story_id, position=1, url=url, canonical_url=url
        )
        place = video_place(OUTPUT, story)
        assert place.parent.parent == OUTPUT
        assert ".." not in place.parts
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", place.parent.name)
        assert re.fullmatch(r"1-[a-z0-9-]{1,40}-[A-Za-z0-9_-][A-Za-z0-9._-]*\.mp4", place.name)


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60))
@example("-")
def test_no_value_becomes_two_arguments_or_a_command(value: str) -> None:
    spec = parse_orchestrator("command:make --url={url} '{url} {story_id}' {batch_id}")
    assert isinstance(spec, CommandSpec)
    names = dict.fromkeys(("url", "story_id", "batch_id"), value)
    if value.startswith("-"):
        with pytest.raises(ValueError, match="would be read as an option"):
            spec.fill(names)
        return
    assert spec.fill(names) == ["make", f"--url={value}", f"{value} {value}", value]


def test_redacting_takes_no_time_worth_speaking_of() -> None:
    begun = time.process_time()
    for text in (
        "a-" * 50_000,
        "a+" * 50_000,
        "token " * 20_000,
        "://" * 30_000,
        "://a:" * 20_000,
        "'" * 90_000,
        "token='" * 15_000,
        "token=\\'x=\"" * 9_000,
        "token='\n" * 12_000,
        "token" + " " * 90_000,
        "?key= " * 15_000,
        "authorization: basic " * 5_000,
        "secret: digest a=\n" * 5_000,
        "password='" + "\\" * 90_000,
    ):
        Failure(type="E", message=text, traceback=text)
        redact(text)
    assert time.process_time() - begun < 3


def test_known_secret_is_hidden_however_it_is_written() -> None:
    hide("p4ss/w0rd+of=ours")
    hide("short")
    said = redact("amqp://u:p4ss%2Fw0rd%2Bof%3Dours@h is p4ss/w0rd+of=ours in short")
    assert said == "amqp://u:***@h is *** in short"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{'Authorization': 'Basic dXNlcjpwYXNzd29yZA=='}", "{'Authorization': '***'}"),
        ("{b'authorization': [b'Basic dXNlcjpw']}", "{b'authorization': [b'***']}"),
        ("authorization: token ghp_abcdef123456", "authorization: ***"),
        ("Authorization: Bearer abc.def and so on", "Authorization: *** and so on"),
        ("Authorization: Negotiate YIIabc==", "Authorization: ***"),
        ("Authorization: ApiKey id:abc", "Authorization: ***"),
        ('Authorization: Digest username="me", response="66"\nHost: h', "Authorization: ***\nHost: h"),
        ("password = 'two words', user = 'me'", "password = '***', user = 'me'"),
        ("password = 'it\\'s two words'", "password = '***'"),
        ("password = 'two words, cut", "password = '***"),
        (
            '{"said": "{\\"api_key\\": \\"two words\\", \\"n\\": 1}"}',
            '{"said": "{\\"api_key\\": \\"***\\", \\"n\\": 1}"}',
        ),
        ("GET /v1?key=AIzaSyAbc&alt=sse", "GET /v1?key=***&alt=sse"),
        ("GET /v1?alt=sse&key=AIzaSyAbc", "GET /v1?alt=sse&key=***"),
    ],
)
def test_value_of_a_secret_is_hidden_whole(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "the token was refused",
        "the basic token 'abc' was refused, authorization failed",
        "key=value",
        "sort(key=len) of tokens: 512, max_tokens=5",
        "password='' and secret=\"\"",
        "what is the key? It is in the settings",
    ],
)
def test_harmless_words_stay(text: str) -> None:
    assert redact(text) == text
