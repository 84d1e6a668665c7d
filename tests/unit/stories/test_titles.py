"""Titles of stories: what a list knows of them, read from the beginning of each file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.stories import read_list, slug
from gt_common.stories.titles import split_heading, with_titles
from gt_common.texts import MAX_TITLE, clean_title
from gt_consumer.studio.text.story import load_story

TEXT = "She said no. I left the house and never came back to it.\n"
POST = {"selftext": f'a "quote", {{ and [\n{TEXT}', "media": {"title": "inner"}, "title": "AITA &amp; why?"}
T3 = {"kind": "t3", "data": POST}
COMMENT = {"kind": "t1", "data": {"link_title": "other", "title": "a comment"}}


def listing(*children: object) -> dict[str, object]:
    return {"kind": "Listing", "data": {"after": None, "children": list(children)}}


def title_of(
    folder: Path, name: str, content: str | bytes, roots: tuple[Path, ...] | None = None
) -> str | None:
    """Return the title that a list of one file has for it."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    [story] = with_titles(read_list([name], "urls.txt", folder), roots or (folder,)).stories
    return story.title


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (f"# My sister's wedding\n\n{TEXT}", "My sister's wedding"),
        (f"\ufeff\r\n# With\ta  mark \r\n{TEXT}", "With a mark"),
        (f"\n\n# Below blank lines\r{TEXT}", "Below blank lines"),
        (f"# \x1b[31mRed\u202e\x07\n{TEXT}", "[31mRed"),
        ("# " + "long " * 2000, ("long " * 40)[: MAX_TITLE - 1] + "…"),
        ("# " + "é" * 5000, "é" * (MAX_TITLE - 1) + "…"),
        (f"## Not a title\n{TEXT}", None),
        (f"#hashtag\n{TEXT}", None),
        (f"{TEXT}\n# Later\n", None),
        ("\n" * 5000 + "# Too far down\n", None),
        ("# \n", None),
        ("", None),
        (b"# caf\xe9\n", None),
    ],
)
def test_the_title_of_a_text_is_its_heading(content: str | bytes, title: str | None, tmp_path: Path) -> None:
    assert title_of(tmp_path, "s1.md", content) == title


@pytest.mark.parametrize("post", [POST, T3, [T3], listing(T3), [listing(T3), listing(COMMENT)]])
@pytest.mark.parametrize("indent", [None, 1])
def test_the_title_of_a_saved_post_is_the_posts_own(post: object, indent: int | None, tmp_path: Path) -> None:
    assert title_of(tmp_path, "s1.json", json.dumps(post, indent=indent)) == "AITA & why?"


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(listing({"kind": "t1", "data": {"deep": {"title": "of something else"}}})),
        json.dumps({"selftext": "x" * 100_000, "title": "behind what is read"}),
        json.dumps({"title": 5, "selftext": "x"}),
        json.dumps({"title": None}),
        '{"title": "cut o',
        '"title": ',
        "]}],:",
        "",
    ],
)
def test_a_saved_post_without_a_title_near_its_beginning_has_none(content: str, tmp_path: Path) -> None:
    assert title_of(tmp_path, "s1.json", content) is None


def test_half_of_a_character_in_a_saved_post_can_be_sent_as_a_message(tmp_path: Path) -> None:
    assert (
        title_of(tmp_path, "s1.json", r'{"title": "half \ud800 a face", "selftext": "x"}') == "half ? a face"
    )


@pytest.mark.parametrize(
    ("name", "content"), [("s.md", f"#  A  heading \n{TEXT}"), ("s.json", json.dumps(T3)), ("s.txt", TEXT)]
)
def test_the_list_and_the_studio_read_the_same_title(name: str, content: str, tmp_path: Path) -> None:
    title = title_of(tmp_path, name, content)
    told = load_story((tmp_path / name).as_uri(), (tmp_path,))
    assert (clean_title(told.title) or "").replace("&amp;", "&") == (title or "")


def test_a_file_outside_the_folders_and_one_that_is_gone_have_no_title(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    assert title_of(tmp_path, "s1.md", "# Secret\n", (tmp_path / "inner",)) is None
    reading = read_list(["s1.md"], "urls.txt", tmp_path)
    (tmp_path / "s1.md").unlink()
    assert with_titles(reading, (tmp_path,)) == reading
    os.mkfifo(tmp_path / "s1.md")
    assert with_titles(reading, (tmp_path,)) == reading


def test_links_keep_the_title_that_a_search_found(tmp_path: Path) -> None:
    [link] = with_titles(read_list(["https://redd.it/a1"], "urls.txt", tmp_path), (tmp_path,)).stories
    assert link.title is None


@given(st.text())
def test_a_clean_title_is_short_one_line_and_stays_as_it_is(text: str) -> None:
    title = clean_title(text)
    assert title is None or (0 < len(title) <= MAX_TITLE and title.splitlines() == [title])
    assert title is None or clean_title(title) == title


@pytest.mark.parametrize(
    ("text", "parts"), [("\n# A\n\nb\n", ("A", "\nb")), ("a\n# B\n", ("", "a\n# B\n")), ("#", ("", "#"))]
)
def test_a_heading_is_split_from_the_text(text: str, parts: tuple[str, str]) -> None:
    assert split_heading(text) == parts


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("My sister's “perfect” wedding!", "my-sisters-perfect-wedding"),
        ("Über Ärger", "uber-arger"),
        ("故事", "s1"),
        ("", "s1"),
        (None, "s1"),
        ("ab " * 30, ("ab-" * 30)[:40].strip("-")),
    ],
)
def test_a_file_is_named_after_the_title_if_that_has_letters_for_it(title: str | None, name: str) -> None:
    assert slug("file:///srv/s1.md", title) == name
