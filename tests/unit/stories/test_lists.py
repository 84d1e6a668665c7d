"""Lists of stories: how they are read, merged, and what is said of invalid entries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gt_common.errors import InvalidListError
from gt_common.stories import (
    MAX_LINES,
    merge,
    read_list,
    read_list_file,
)

HERE = Path("/nowhere")


def test_a_list_passes_over_comments_and_names_the_place_of_each_problem() -> None:
    lines = [
        "# mine",
        "",
        "https://redd.it/a1",
        "   ",
        "nonsense",
        "  https://redd.it/a2  ",
        "https://redd.it/a1",
    ]
    reading = read_list(lines, "urls.txt", HERE)
    assert [(story.canonical[-3:], story.place) for story in reading.stories] == [
        ("a1/", "urls.txt:3"),
        ("a2/", "urls.txt:6"),
    ]
    assert [(again.place, first.place) for again, first in reading.repeated] == [("urls.txt:7", "urls.txt:3")]
    assert len(reading.problems) == 1
    assert reading.problems[0].startswith("urls.txt:5: not a story URL: nonsense")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("https://redd.it/a1", "not a JSON object"),
        ("[]", "not a JSON object"),
        ('"https://redd.it/a1"', "not a JSON object"),
        ("{}", 'no "url"'),
        ('{"url": 7}', '"url" is not a string'),
        ('{"url": "https://redd.it/a1", "options": []}', '"options" is not a JSON object'),
        (
            '{"url": "https://redd.it/a1", "options": {"api_key": "sk"}}',
            "keys and passwords are never sent in messages",
        ),
        (
            '{"url": "https://me:hunter2@www.reddit.com/comments/a1/"}',
            "user name or password",
        ),
        ('{"url": "https://www.reddit.com:99999/comments/a1/"}', "not a story URL"),
        ('{"url": "https://redd.it/a1", "options": 3}', '"options" is not a JSON object'),
        ('{"url": "https://redd.it/a1", "optoins": {}}', 'unknown key "optoins"'),
        ("[" * 100_000, "not a JSON object"),
    ],
)
def test_a_jsonl_line_of_another_form_is_a_problem(line: str, problem: str) -> None:
    reading = read_list([line], "x.jsonl", HERE, jsonl=True)
    assert reading.stories == ()
    assert problem in reading.problems[0]


def test_a_jsonl_list_carries_options(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    title = "one\u2028line"  # a line separator may stand within a JSON string
    record = {"url": "https://redd.it/a1", "options": {"title": title}}
    path.write_text(json.dumps(record, ensure_ascii=False) + "\r\n", encoding="utf-8")
    reading = read_list_file(path)
    assert reading.problems == ()
    assert reading.stories[0].options == {"title": title}


def test_a_list_file_may_begin_with_a_byte_order_mark_and_have_files_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "story.md").write_text("Once")
    path = folder / "urls.txt"
    path.write_bytes(b"\xef\xbb\xbfhttps://redd.it/a1\r\nstory.md\r\n")
    reading = read_list_file(path)
    assert [story.url for story in reading.stories] == ["https://redd.it/a1", (folder / "story.md").as_uri()]


def test_a_list_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidListError, match="cannot be read"):
        read_list_file(tmp_path / "missing.txt")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InvalidListError, match="UTF-8"):
        read_list_file(tmp_path / "latin.txt")


def test_a_list_has_a_greatest_length() -> None:
    reading = read_list(["https://redd.it/a1"] * (MAX_LINES + 1), "urls.txt", HERE)
    assert reading.problems == (f"urls.txt:{MAX_LINES + 1}: a list can have at most {MAX_LINES} lines",)


def test_lists_are_merged_in_order_and_a_story_of_two_counts_once() -> None:
    first = read_list(["https://redd.it/a1", "x"], "a.txt", HERE)
    second = read_list(["https://redd.it/a2", "https://www.reddit.com/comments/a1"], "b.txt", HERE)
    merged = merge([first, second])
    assert [story.place for story in merged.stories] == ["a.txt:1", "b.txt:1"]
    assert [(again.place, known.place) for again, known in merged.repeated] == [("b.txt:2", "a.txt:1")]
    assert len(merged.problems) == 1
