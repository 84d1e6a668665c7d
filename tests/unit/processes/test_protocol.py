"""The JSON lines between worker, children and commands."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_consumer.processes.costs import Spent, Used, WrongCost
from gt_consumer.processes.lines import LineSplitter
from gt_consumer.processes.protocol import (
    Acquire,
    ChildState,
    Failed,
    Granted,
    Message,
    Run,
    Stage,
    StageThrottle,
    VideoMade,
    Wait,
    Withdraw,
    encode,
    parse,
    parse_order,
    stage_message,
)


@pytest.mark.parametrize(
    "message",
    [
        Stage("voice", 0.25),
        Stage("voice"),
        VideoMade("/a/ü\udcff.mp4", 61.0, "p1"),
        Failed("ValueError", "line\nbreak", retryable=False, traceback="…", project_id="p1"),
        Wait("gemini", 3.5),
        ChildState("accepted"),
        ChildState("idle"),
        Acquire("gemini", 3),
        Withdraw(3),
        Spent("elevenlabs", Decimal("0.012")),
        Used("elevenlabs", "character", Decimal(1200)),
        WrongCost("the amount of a cost …"),
    ],
)
def test_a_message_survives_the_line(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert parse(line) == message


def test_a_request_survives_the_line() -> None:
    run = Run("s1", "b1", "https://redd.it/a'\"\n", 2, "/work", {"speed": 1.2, "deep": [None]}, "p1")
    assert parse_order(encode(run)) == run


def test_a_grant_survives_the_line() -> None:
    assert parse_order(encode(Granted("gemini", 3))) == Granted("gemini", 3)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"hello",
        b"{}",
        b'{"stage": ""}',
        b'{"stage": null}',
        b'{"output_path": ""}',
        b'{"output_path": 3}',
        b'{"output_path": "a\\u0000b"}',
        b'{"child": "unknown"}',
        b'{"other": 1}',
        b'{"acquire": "", "id": 1}',
        b'{"acquire": "gemini"}',
        b'{"withdraw": "gemini"}',
        b'{"stage": "\xff"}',
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_message_is_none(line: bytes) -> None:
    assert parse(line) is None


@pytest.mark.parametrize(
    ("given", "fraction"),
    [("0.4", 0.4), ("7", 1.0), ("-1", None), ("NaN", None), ("true", None), ('"x"', None), ("1e999", None)],
)
def test_fractions_are_bounded(given: str, fraction: float | None) -> None:
    assert parse(f'{{"stage": "s", "fraction": {given}}}'.encode()) == Stage("s", fraction)


def test_texts_can_always_be_sent_on() -> None:
    message = parse(json.dumps({"failed": True, "type": "E" * 999, "message": "a\udc80b"}).encode())
    assert isinstance(message, Failed)
    assert (len(message.type), message.message) == (200, "a?b")
    assert stage_message("  " + "x" * 300) == Stage("x" * 200)
    assert stage_message(None) is None


@given(st.binary(max_size=200) | st.text().map(lambda text: json.dumps({"stage": text}).encode()))
def test_no_line_is_too_odd(line: bytes) -> None:
    message = parse(line)
    assert message is None or parse(encode(message)) == message


def test_a_stage_is_let_through_when_new_complete_or_later() -> None:
    now = 100.0
    throttle = StageThrottle(clock=lambda: now)
    assert throttle.admits(Stage("a", 0.1))
    assert not throttle.admits(Stage("a", 0.2))
    assert throttle.admits(Stage("a", 1.0))
    assert throttle.admits(Stage("b"))
    now += 0.21
    assert throttle.admits(Stage("b", 0.5))
    assert not throttle.admits(Stage("b", 0.6))


@given(st.lists(st.binary(max_size=30)), st.data())
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    text = b"\n".join(lines)
    splitter = LineSplitter(limit=1000)
    got: list[bytes] = []
    while text:
        size = data.draw(st.integers(1, 20))
        got += splitter.feed(text[:size])
        text = text[size:]
    got += splitter.end()
    assert got == [part for part in b"\n".join(lines).replace(b"\r", b"\n").split(b"\n") if part]


def test_an_endless_line_takes_no_memory() -> None:
    splitter = LineSplitter(limit=10)
    for _ in range(1000):
        assert splitter.feed(b"x" * 100) == []
    assert splitter.feed(b"y\nz") == [b"x" * 10]
    assert splitter.end() == [b"z"]
