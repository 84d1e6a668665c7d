"""Lists of stories: how they are read, merged, and what is said of invalid entries."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest

from gt_common.batches import check_messages
from gt_common.errors import InvalidListError
from gt_common.messages import MAX_ORDINAL
from gt_common.redaction import redact
from gt_common.stories import (
    MAX_LINES,
    merge,
    read_list,
    read_list_file,
)
from gt_common.stories.lists import MAX_LINE
from gt_common.stories.sources import Sources, read_sources

HERE = Path("/nowhere")


def test_a_missing_story_file_names_the_place_where_the_list_made_it_be_looked_for(tmp_path: Path) -> None:
    reading = read_list(["stories/a.md", f"{tmp_path}/b.md", f"file://{tmp_path}/c.md"], "l.txt", tmp_path)
    assert list(reading.problems) == [
        f"l.txt:1: story file not found: stories/a.md (looked for {tmp_path}/stories/a.md)",
        f"l.txt:2: story file not found: {tmp_path}/b.md",
        f"l.txt:3: story file not found: file://{tmp_path}/c.md",
    ]


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
        ('{"url": "https://redd.it/a1 # note"}', "one link per line"),
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


@pytest.mark.parametrize(
    "line",
    ["ftp://me:hunter2@host/x", "https://me:hunter2@host/x https://e.com/y", "ssh://me:hunter2@host/x.md"],
)
def test_a_refused_link_is_named_without_its_password(line: str) -> None:
    (problem,) = read_list([line], "urls.txt", HERE, any_link=True).problems
    assert "hunter2" not in problem
    assert "me:***@host" in problem


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


def test_a_list_that_is_too_long_is_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_LINES == MAX_ORDINAL, "as many as a batch can have"
    monkeypatch.setattr("gt_common.stories.lists.MAX_LINES", 1_000)
    lines = ["https://redd.it/a1"] * 1_500
    with pytest.raises(InvalidListError, match=r"urls.txt: .*more than 1,000 lines; split it"):
        read_list(lines, "urls.txt", HERE)
    longest = read_list([*lines[:1_000], "", "# the end"], "urls.txt", HERE)
    assert (len(longest.stories), longest.problems) == (1, ())


@pytest.mark.parametrize("line", ["https://redd.it/a1", "no story", "", "# a note"])
def test_a_list_without_an_end_is_refused_where_it_is_too_long(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr("gt_common.stories.lists.MAX_LINES", 10)
    with pytest.raises(InvalidListError, match="more than 10 lines"):
        read_list(itertools.repeat(line), "urls.txt", HERE)


def test_a_line_without_an_end_is_refused_where_it_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(InvalidListError, match="/dev/zero:1: a line of more than 1,000,000 characters"):
        read_list_file(Path("/dev/zero"))
    with Path("/dev/zero").open("rb") as endless, pytest.raises(InvalidListError, match="input:1: a line of"):
        read_sources(Sources(files=("-",)), endless, tmp_path)
    (tmp_path / "urls.txt").write_text(f"https://redd.it/a1{' ' * (MAX_LINE - 19)}\n#{'x' * MAX_LINE}\n")
    with pytest.raises(InvalidListError, match=r"urls.txt:2: a line of more"):
        read_list_file(tmp_path / "urls.txt")


def test_lists_are_merged_in_order_and_a_story_of_two_counts_once() -> None:
    first = read_list(["https://redd.it/a1", "x"], "a.txt", HERE)
    second = read_list(["https://redd.it/a2", "https://www.reddit.com/comments/a1"], "b.txt", HERE)
    merged = merge([first, second])
    assert [story.place for story in merged.stories] == ["a.txt:1", "b.txt:1"]
    assert [(again.place, known.place) for again, known in merged.repeated] == [("b.txt:2", "a.txt:1")]
    assert len(merged.problems) == 1


@pytest.mark.parametrize(
    "line",
    [
        "https://redd.it/1aaa01 https://redd.it/1aaa02",
        "https://redd.it/1aaa01\thttps://redd.it/1aaa02",
        "https://redd.it/1aaa01?a,https://redd.it/1aaa02",
        "https://redd.it/1aaa01?a;https://redd.it/1aaa02",
        "https://redd.it/1aaa01?a|https://redd.it/1aaa02",
        "redd.it/1aaa01?a,redd.it/1aaa02",
        "https://redd.it/1aaa01?https://redd.it/1aaa02",
        "https://www.reddit.com/r/a/comments/1aaa01/title/,The title,12",
        'https://www.reddit.com/r/a/comments/1aaa01/title/;"The title"',
        "https://www.reddit.com/r/a/comments/1aaa01/title/ The title",
        "https://www.reddit.com/r/a/comments/1aaa01/title/https://redd.it/1aaa02",
    ],
)
def test_a_second_link_or_other_text_on_a_line_is_refused_by_its_place(line: str) -> None:
    reading = read_list(["https://redd.it/a1", line], "urls.txt", HERE)
    assert len(reading.stories) == 1
    assert reading.problems[0].startswith("urls.txt:2: ")
    assert "one link per line" in reading.problems[0]


def test_a_note_after_a_story_is_cut(tmp_path: Path) -> None:
    for name in ("story.md", "part # 2.md"):
        (tmp_path / name).write_text("Once")
    lines = [
        "https://redd.it/a1 # the best one, see https://redd.it/a2",
        "https://www.reddit.com/comments/a3/#comments",
        "story.md\t# mine",
        "part # 2.md",
        "part # 2.md # and its note",
    ]
    reading = read_list(lines, "urls.txt", tmp_path)
    assert reading.problems == ()
    assert [story.url for story in reading.stories] == [
        "https://redd.it/a1",
        "https://www.reddit.com/comments/a3/#comments",
        (tmp_path / "story.md").as_uri(),
        (tmp_path / "part # 2.md").as_uri(),
    ]


def test_a_link_in_the_query_of_a_link_is_no_second_link() -> None:
    line = "https://www.reddit.com/r/a/comments/a1/t/?utm_source=share&ref=https://example.com/x"
    assert read_list([line], "urls.txt", HERE).problems == ()


@pytest.mark.parametrize("name", ["x.ndjson", "x.txt", "x.list"])
def test_json_lines_are_known_by_their_form_under_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('# mine\n{"url": "https://redd.it/a1", "options": {"x": 1}}\n')
    reading = read_list_file(path)
    assert reading.problems == ()
    assert reading.stories[0].options == {"x": 1}


def test_a_list_that_is_not_a_file_has_stories_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "story.md").write_text("Once")
    monkeypatch.chdir(tmp_path)
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as out:
        out.write("story.md\n")
    with os.fdopen(reader):
        reading = read_list_file(Path(f"/dev/fd/{reader}"))
    assert reading.problems == ()
    assert [story.url for story in reading.stories] == [(tmp_path / "story.md").as_uri()]


def test_a_link_to_a_comment_stands_for_its_post_and_that_is_said() -> None:
    lines = ["https://www.reddit.com/r/a/comments/a1/title/kx9abc1/?context=3", "https://redd.it/a2"]
    reading = read_list(lines, "urls.txt", HERE)
    assert [story.canonical for story in reading.stories] == [
        "https://www.reddit.com/comments/a1/",
        "https://www.reddit.com/comments/a2/",
    ]
    assert reading.notes == (
        "urls.txt:1: a link to a comment; the video is made of its post, https://www.reddit.com/comments/a1/",
    )
    assert merge([reading, read_list([], "b.txt", HERE)]).notes == reading.notes
    assert check_messages(reading).notes == reading.notes


def test_options_of_a_repeated_story_are_never_lost_without_a_word() -> None:
    plain, warm = (
        '{"url": "https://redd.it/a1"}',
        '{"url": "https://redd.it/a1", "options": {"voice": "warm"}}',
    )
    cold = '{"url": "https://redd.it/a1", "options": {"voice": "cold"}}'
    reading = read_list([warm, cold, warm, plain], "x.jsonl", HERE, jsonl=True)
    assert [story.options for story in reading.stories] == [{"voice": "warm"}]
    assert [again.place for again, _ in reading.repeated] == ["x.jsonl:3", "x.jsonl:4"]
    assert len(reading.problems) == 1
    assert reading.problems[0].startswith("x.jsonl:2: same story as x.jsonl:1 with other options")
    one, two = (read_list([line], name, HERE) for line, name in ((plain, "a"), (warm, "b")))
    assert merge([one, two]).problems[0].startswith("b:1: same story as a:1 with other options")


def test_the_refusal_of_a_secret_names_its_option_where_it_is_redacted() -> None:
    line = '{"url": "https://redd.it/a1", "options": {"api_key": "x"}}'
    (problem,) = read_list([line], "x.jsonl", HERE).problems
    assert redact(problem) == problem
    assert '"api_key"' in problem


def test_a_story_file_keeps_the_name_by_which_the_list_knows_it(tmp_path: Path) -> None:
    for name in ("a story.md", "-x.md", "b.md"):
        (tmp_path / name).write_text("Once")
    lines = ["a story.md # the first", "./-x.md", (tmp_path / "b.md").as_uri(), "https://redd.it/a1"]
    reading = read_list(lines, "urls.txt", tmp_path)
    assert [story.given for story in reading.stories] == ["a story.md", "./-x.md", None, None]
    (story,) = read_list(['{"url": "-x.md"}'], "x.jsonl", tmp_path, jsonl=True).stories
    assert (story.given, story.url) == ("./-x.md", reading.stories[1].url)


def test_a_name_that_no_message_can_carry_is_left_out(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.md")
    (tmp_path / name).write_text("Once")
    (story,) = check_messages(read_list([name], "urls.txt", tmp_path)).stories
    assert (story.given, story.url) == (None, f"{tmp_path.as_uri()}/%FF.md")


def test_any_link_may_be_a_story_if_that_is_wanted(tmp_path: Path) -> None:
    lines = [
        "https://youtu.be/X?si=1 # a note",
        "https://youtu.be/X?si=1#t=30",
        '{"url": "http://[::1]:80/v"}',
    ]
    reading = read_list(lines, "urls.txt", tmp_path, any_link=True)
    assert [story.canonical for story in reading.stories] == ["https://youtu.be/X?si=1", "http://[::1]/v"]
    assert (len(reading.repeated), reading.problems) == (1, ())
    assert len(read_list(lines, "urls.txt", tmp_path).problems) == 3


def test_a_link_that_looks_like_a_comment_is_one_on_reddit_only(tmp_path: Path) -> None:
    path = "/r/a/comments/1abc2d/t/k0mm3nt/"
    links = [f"https://example.com{path}", f"https://www.reddit.com{path}"]
    (note,) = read_list(links, "urls.txt", tmp_path, any_link=True).notes
    assert note.startswith("urls.txt:2: a link to a comment")
