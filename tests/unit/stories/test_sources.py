"""The sources of lists: arguments, files and standard input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gt_common.errors import InvalidListError, UsageError
from gt_common.stories.sources import Sources, read_sources
from gt_producer.produce.request import Request

NOTHING = io.BytesIO()


def test_files_arguments_and_standard_input_make_one_list(tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.jsonl"
    one.write_text("https://redd.it/a1\n")
    two.write_text('{"url": "https://redd.it/a2", "options": {"x": 1}}\n')
    sources = Sources(("https://redd.it/a4", "https://redd.it/a1"), (str(one), str(two), "-"))
    reading = read_sources(sources, io.BytesIO(b"# c\nhttps://redd.it/a3\n"), tmp_path)
    assert [story.url[-2:] for story in reading.stories] == ["a1", "a2", "a3", "a4"]
    assert [story.place for story in reading.stories][2:] == ["standard input:2", "argument 1"]
    assert reading.stories[1].options == {"x": 1}
    assert [(again.place, first.place) for again, first in reading.repeated] == [("argument 2", f"{one}:1")]


def test_standard_input_may_be_json_lines(tmp_path: Path) -> None:
    stream = io.BytesIO(b'\xef\xbb\xbf# c\n\n{"url": "https://redd.it/a1", "options": {"x": 1}}\r\n')
    reading = read_sources(Sources(files=("-",)), stream, tmp_path)
    assert reading.stories[0].options == {"x": 1}
    assert reading.stories[0].place == "standard input:3"


def test_story_files_belong_to_their_list_or_to_the_working_folder(tmp_path: Path) -> None:
    lists, work = tmp_path / "lists", tmp_path / "work"
    for folder in (lists, work):
        folder.mkdir()
        (folder / "story.md").write_text("Once")
    (lists / "urls.txt").write_text("story.md\n")
    reading = read_sources(Sources(("story.md",), (str(lists / "urls.txt"),)), NOTHING, work)
    assert [story.url for story in reading.stories] == [
        (lists / "story.md").as_uri(),
        (work / "story.md").as_uri(),
    ]


def test_a_list_given_as_a_story_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text("# mine\nhttps://redd.it/a1\n")
    (tmp_path / "story.txt").write_text("Once upon a time\nhttps://redd.it/a1 was posted.\n")
    reading = read_sources(Sources(("urls.txt", "story.txt")), NOTHING, tmp_path)
    assert reading.problems == ("argument 1: urls.txt is a list of stories; pass it with -f urls.txt",)
    assert [story.url for story in reading.stories] == [(tmp_path / "story.txt").as_uri()]


def test_an_argument_that_is_no_story_is_named_by_its_number(tmp_path: Path) -> None:
    reading = read_sources(Sources(("https://redd.it/a1", "#x", "")), NOTHING, tmp_path)
    assert [problem.split(":")[0] for problem in reading.problems] == ["argument 2", "argument 3"]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no stories given"):
        read_sources(Sources(), NOTHING, tmp_path)
    with pytest.raises(UsageError, match="once"):
        read_sources(Sources(files=("-", "-")), NOTHING, tmp_path)
    with pytest.raises(InvalidListError, match="UTF-8"):
        read_sources(Sources(files=("-",)), io.BytesIO(b"\xff"), tmp_path)
    with pytest.raises(InvalidListError, match="cannot be read"):
        read_sources(Sources(files=(str(tmp_path / "none.txt"),)), NOTHING, tmp_path)


def test_the_resume_command_can_be_pasted() -> None:
    sources = Sources(("https://redd.it/a1", "-odd.md"), ("my list.txt",))
    request = Request(sources, None, "a 'b'", ("k=v w",), skip_invalid=True, wait=True, as_json=True)
    assert request.resume_command("b-1") == (
        "gt-produce --batch-id b-1 -f 'my list.txt' --name 'a '\"'\"'b'\"'\"'' --tag 'k=v w' "
        "--skip-invalid --wait --json -- https://redd.it/a1 -odd.md"
    )
    piped = Request(Sources(files=("-",))).resume_command("b")
    assert piped == "gt-produce --batch-id b -f -   (with the same list on standard input)"
