"""JSON objects among the lines of a program, on one line or over several."""

from __future__ import annotations

import json
import time

import pytest

from gt_consumer.processes.json_documents import MAX_DOCUMENT, JsonDocuments

VIDEO = {"output_path": "v.mp4", "more": [{"a": "}"}, {}], "text": 'a "quoted" { brace'}
PRETTY = json.dumps(VIDEO, indent=2)


def parts(text: str) -> list[str]:
    """Return what comes out, the lines of each part joined again."""
    found: list[str] = []
    documents = JsonDocuments(lambda lines: found.append(b"\n".join(lines).decode()))
    for line in text.split("\n"):
        documents.feed(line.encode())
    documents.end()
    return found


def test_an_object_over_several_lines_stays_together_among_other_output() -> None:
    assert parts(f"begin\n{PRETTY}\nend\n  {PRETTY}") == ["begin", PRETTY, "end", f"  {PRETTY}"]


def test_an_object_on_one_line_is_passed_on_at_once() -> None:
    found: list[list[bytes]] = []
    documents = JsonDocuments(found.append)
    documents.feed(b'{"stage": "a"}')
    assert found == [[b'{"stage": "a"}']]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{\n{"stage": 7}',
        "{ not JSON\n}",
        '{"a":\nnot JSON\n}',
        '{"a": 1\n{"stage": "b"}\n}',
        '{"broken',
        '{"a": "over\ntwo lines"}',
        "}",
        "[\n1\n]",
        '{"a": [}',
    ],
)
def test_other_lines_stay_alone(text: str) -> None:
    assert parts(text) == text.split("\n")


def test_what_follows_a_broken_object_may_be_one() -> None:
    assert parts("{\nlog\n" + PRETTY) == ["{", "log", PRETTY]


def test_a_long_object_is_ordinary_output() -> None:
    lines = ["{", *(f'"k{n}": "{"x" * 1000}",' for n in range(100)), '"z": 1', "}"]
    assert parts("\n".join(lines)) == lines
    assert sum(map(len, lines)) > MAX_DOCUMENT


def test_it_takes_linear_time() -> None:
    began = time.process_time()
    parts("\n".join(['{"a":'] * 20_000 + ["x"]) + "\n" + "\n".join(["{" + "1" * 60_000 + "x"] * 20))
    assert time.process_time() - began < 5
