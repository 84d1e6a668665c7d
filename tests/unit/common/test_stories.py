"""Which texts name a story, which name the same one, and how lists are read."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gt_common.errors import InvalidListError
from gt_common.stories import (
    MAX_LINES,
    NotAStoryError,
    canonical_url,
    merge,
    read_list,
    read_list_file,
    slug,
    story_id,
)

POST = "https://www.reddit.com/comments/1abc2d/"
HERE = Path("/nowhere")


def canonical(text: str, base: Path = HERE) -> str:
    return canonical_url(text, base)[1]


@pytest.mark.parametrize(
    "text",
    [
        "https://www.reddit.com/r/AmItheAsshole/comments/1abc2d/aita_for_this/",
        "https://reddit.com/r/AmItheAsshole/comments/1abc2d/aita_for_this/",
        "https://old.reddit.com/r/AmItheAsshole/comments/1abc2d/aita_for_this/",
        "https://new.reddit.com/r/AmItheAsshole/comments/1abc2d/",
        "https://m.reddit.com/r/AmItheAsshole/comments/1abc2d",
        "https://np.reddit.com/r/AmItheAsshole/comments/1abc2d/x",
        "http://www.reddit.com/r/AmItheAsshole/comments/1abc2d/",
        "www.reddit.com/r/AmItheAsshole/comments/1abc2d/",
        "reddit.com/comments/1abc2d",
        "https://www.reddit.com/comments/1abc2d?utm_source=share&utm_medium=web3x",
        "https://www.reddit.com/r/a/comments/1abc2d/t/?share_id=Xy_1&rdt=5",
        "https://www.reddit.com/r/a/comments/1abc2d/t/#comments",
        "HTTPS://WWW.REDDIT.COM/R/A/COMMENTS/1ABC2D/T/",
        "https://www.reddit.com/r/a/comments/1abc2d/t/k9z8y7x/?context=3",
        "https://www.reddit.com/gallery/1abc2d",
        "https://www.reddit.com/user/some-one/comments/1abc2d/t/",
        "https://www.reddit.com/u/some-one/comments/1abc2d/",
        "https://redd.it/1abc2d",
        "redd.it/1ABC2D/",
        "  https://redd.it/1abc2d?x=y  ",
    ],
)
def test_every_address_of_a_post_has_one_canonical_form(text: str) -> None:
    assert canonical(text) == POST


def test_a_share_link_keeps_its_case_and_loses_what_tracks() -> None:
    text = "https://www.reddit.com/r/AmItheAsshole/s/AbCdEf1234?utm_name=x"
    assert canonical(text) == "https://www.reddit.com/r/amitheasshole/s/AbCdEf1234"


def test_other_posts_are_other_stories() -> None:
    assert canonical("https://redd.it/1abc2e") != POST


def test_the_url_stays_as_it_was_given() -> None:
    given_url = "https://old.reddit.com/r/a/comments/1abc2d/t/?utm_source=x"
    assert canonical_url(f" {given_url} ", HERE)[0] == given_url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "https://www.reddit.com/",
        "https://www.reddit.com/r/AmItheAsshole/",
        "https://www.reddit.com/r/AmItheAsshole/wiki/faq",
        "https://reddit.com.evil.example/comments/1abc2d",
        "https://evilreddit.com/comments/1abc2d",
        "https://example.com/r/a/comments/1abc2d/",
        "https://redd.it/",
        "ftp://www.reddit.com/comments/1abc2d",
        "javascript:alert(1)",
        "file://otherhost/etc/story.md",
        "https://[::1/comments/1abc2d",
        "https://www.reddit.com/comments/1abc2d\n",
        "https://www.reddit.com/comments/\x001abc2d",
        "https://www.reddit.com/comments/" + "a" * 13,
        "https://www.reddit.com/comments/1abc2d/" + "t" * 2048,
        "missing.md",
        "/etc/passwd",
        "\x00.md",
    ],
)
def test_what_is_no_story_is_refused(text: str) -> None:
    if text.endswith("\n"):
        assert canonical(text) == POST  # the end of a line is no part of it
        return
    with pytest.raises(NotAStoryError):
        canonical(text)


def test_a_file_is_known_by_its_absolute_place(tmp_path: Path) -> None:
    story = tmp_path / "a story.md"
    story.write_text("Once")
    (tmp_path / "below").mkdir()
    (tmp_path / "link.md").symlink_to(story)
    expected = f"file://{quote(str(story))}"
    for text in ("a story.md", "below/../a story.md", str(story), story.as_uri(), "link.md"):
        assert canonical_url(text, tmp_path) == (expected, expected)


def test_a_folder_or_another_kind_of_file_is_no_story(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "film.mp4").write_text("x")
    with pytest.raises(NotAStoryError, match="not found"):
        canonical("folder.md", tmp_path)
    with pytest.raises(NotAStoryError, match="not a story URL"):
        canonical("film.mp4", tmp_path)


urlish = st.one_of(
    st.text(max_size=80),
    st.builds(
        "{}://{}/{}".format,
        st.sampled_from(["http", "https", "file", "HTTPS", "ftp", ""]),
        st.one_of(
            st.sampled_from(["www.reddit.com", "redd.it", "[", "reddit.com:x", ""]), st.text(max_size=9)
        ),
        st.text(max_size=40),
    ),
)


@given(urlish)
@example("http://[")
@example("//[]")
@example("~nobody-of-this-name/x.md")
@example("file:///%00.md")
@example("\ud800.md")
def test_any_text_is_a_story_or_is_refused_in_one_way(text: str) -> None:
    try:
        url, form = canonical_url(text, HERE)
    except NotAStoryError:
        return  # anything else fails the test
    assert url == text.strip()
    assert canonical(form) == form


@given(
    st.text(alphabet=string.ascii_lowercase + string.digits, min_size=1, max_size=12), st.text(max_size=60)
)
def test_a_canonical_form_is_its_own_canonical_form(post: str, title: str) -> None:
    form = canonical(f"https://old.reddit.com/r/some_sub/comments/{post}/{quote(title, safe='')}/")
    assert form == f"https://www.reddit.com/comments/{post}/"
    assert canonical(form) == form


@given(urlish)
@example("https://www.reddit.com/r/a/comments/1abc2d/../../x/")
@example("file:///a/%2e%2e%2f.md")
def test_a_slug_is_safe_in_a_file_name(text: str) -> None:
    try:
        made = slug(text)
    except ValueError:
        with pytest.raises(NotAStoryError):  # only what is no story's address at all has no slug
            canonical(text)
        return
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", made)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.reddit.com/r/a/comments/1abc2d/AITA_for_this/", "aita-for-this"),
        ("https://www.reddit.com/comments/1abc2d/", "1abc2d"),
        ("https://redd.it/1abc2d", "1abc2d"),
        ("file:///srv/The%20Last%20Cupcake.md", "the-last-cupcake"),
        (
            "https://www.reddit.com/r/a/comments/1abc2d/" + "ab_" * 30,
            "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a",
        ),
        ("file:///srv/%E6%95%85%E4%BA%8B.md", "story"),
    ],
)
def test_a_slug_tells_the_story(url: str, expected: str) -> None:
    assert slug(url) == expected


def test_a_story_id_is_stable_and_belongs_to_its_batch() -> None:
    # Written down: ids of one release must be those of the next, or a resumed batch would be made twice.
    assert story_id("batch-1", POST) == "4593c456bfca5cda"
    assert story_id("batch-2", POST) != story_id("batch-1", POST)
    assert story_id("batch-1", f"{POST}x") != story_id("batch-1", POST)


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
        ("[]", "no JSON object"),
        ('"https://redd.it/a1"', "no JSON object"),
        ("{}", 'no "url"'),
        ('{"url": 7}', '"url" is no text'),
        ('{"url": "https://redd.it/a1", "options": []}', '"options" is no JSON object'),
        ('{"url": "https://redd.it/a1", "options": {"api_key": "sk"}}', "keys and passwords never travel"),
        (
            '{"url": "https://me:hunter2@www.reddit.com/comments/a1/"}',
            "user name or password",
        ),
        ('{"url": "https://www.reddit.com:99999/comments/a1/"}', "not a story URL"),
        ('{"url": "https://redd.it/a1", "options": 3}', '"options" is no JSON object'),
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
    assert reading.problems == (f"urls.txt:{MAX_LINES + 1}: a list may have {MAX_LINES} lines at most",)


def test_lists_are_merged_in_order_and_a_story_of_two_counts_once() -> None:
    first = read_list(["https://redd.it/a1", "x"], "a.txt", HERE)
    second = read_list(["https://redd.it/a2", "https://www.reddit.com/comments/a1"], "b.txt", HERE)
    merged = merge([first, second])
    assert [story.place for story in merged.stories] == ["a.txt:1", "b.txt:1"]
    assert [(again.place, known.place) for again, known in merged.repeated] == [("b.txt:2", "a.txt:1")]
    assert len(merged.problems) == 1
