"""Which texts name a story, and which of them name the same one."""

from __future__ import annotations

import os
import re
import string
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gt_common.stories import (
    NotAStoryError,
    canonical_url,
    path_of,
    slug,
    story_id,
)
from gt_common.stories.local import name_for_programs
from gt_common.stories.urls import canonical_of
from gt_consumer.studio.text.story import load_story

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


def test_a_file_name_that_is_not_utf_8_is_found_again_by_its_url(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.md")
    path.write_text("# A story\n\nOnce upon a time there was a cup.\n")
    url, again = canonical_url(str(path), HERE)
    assert url == again == f"{tmp_path.as_uri()}/caf%E9.md"
    assert path_of(url) == path
    assert canonical_url(url, HERE) == (url, url), "in a list it is found, too"
    assert load_story(url, [tmp_path]).title == "A story"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTPS://Example.COM:443", "https://example.com/"),
        ("http://example.com:80/A/b?Q=1", "http://example.com/A/b?Q=1"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("https://example.com/v#t=3", "https://example.com/v"),
        ("https://example.com/app#!/v/3", "https://example.com/app#!/v/3"),
        ("https://example.com/app#/v/3", "https://example.com/app#/v/3"),
        ("https://e.com/v?utm_source=x&b=2&a=1&fbclid=y&UTM_id", "https://e.com/v?b=2&a=1"),
        ("https://e.com/v?utm=1&gclid_=2", "https://e.com/v?utm=1&gclid_=2"),
        ("https://e.com/v?gclid=2", "https://e.com/v"),
        ("https://e.com/v?a=%2f&&b", "https://e.com/v?a=%2f&&b"),
        ("https://e.com/v?", "https://e.com/v"),
        ("https://e.com/@1,2;x=|", "https://e.com/@1,2;x=|"),
        (
            "https://web.archive.org/web/2020/https://e.com/v",
            "https://web.archive.org/web/2020/https://e.com/v",
        ),
        ("http://127.0.0.1:8000/v.mp4", "http://127.0.0.1:8000/v.mp4"),
        ("http://localhost/v", "http://localhost/v"),
        ("https://B\u00fccher.example/\u00e4", "https://b\u00fccher.example/\u00e4"),
        ("https://www.reddit.com/r/tifu/", "https://www.reddit.com/r/tifu/"),
        ("https://old.reddit.com/r/a/comments/1abc2d/t/", POST),
        ("redd.it/1abc2d", POST),
    ],
)
def test_the_canonical_form_of_any_link(text: str, expected: str) -> None:
    url, found = canonical_url(text, HERE, any_link=True)
    assert found == expected
    assert url in {text, f"https://{text}"}
    assert canonical_url(found, HERE, any_link=True)[1] == found, "it is canonical itself"
    assert canonical_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://",
        "https:///v",
        "https://e.com:99999/",
        "https://e.com:x/",
        "https://user:pw@e.com/",
        "https://[::1/",
        "https://e.com/a b",
        "https://e.com/a,https://e.com/b",
        "https://e.com/\x7f",
        "https://e.com/\u2028x",
        "https://e.com/<b>",
        "https://e.com/" + "x" * 2048,
        "ftp://e.com/v",
        "javascript:alert(1)",
        "e.com/v",
    ],
)
def test_what_is_no_link_is_refused_even_if_any_link_will_do(text: str) -> None:
    with pytest.raises(NotAStoryError) as caught:
        canonical_url(text, HERE, any_link=True)
    assert "pw" not in str(caught.value)


def test_other_links_are_refused_with_the_flag_that_takes_them() -> None:
    with pytest.raises(NotAStoryError, match="--any-url takes other links"):
        canonical("https://example.com/v")


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ("a.md", True),
        ("./a.md", True),
        ("../lists/stories/a.md", True),
        ("other/../stories/a.md", True),
        ("{folder}/stories/a.md", True),
        ("{folder}/link.md", True),
        ("file://{folder}/stories/../link.md", True),
        ("link.md", False),
        ("secret.md", False),
        ("../../etc/passwd", False),
        ("{folder}/secret.md", False),
        ("/etc/passwd", False),
        ("file:///etc/passwd", False),
        ("file://host/etc/passwd", False),
        ("~nobody-here/a.md", False),
        ("..", False),
        (".", False),
        (None, False),
    ],
)
def test_programs_get_no_name_of_another_file(given: str | None, passed_on: bool, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    (folder / "stories").mkdir(parents=True)
    (folder / "stories" / "a.md").write_text("Once")
    (folder / "secret.md").write_text("secret")
    (folder / "link.md").symlink_to(folder / "stories" / "a.md")
    url = (folder / "stories" / "a.md").as_uri()
    name = given and given.format(folder=folder)
    assert name_for_programs(url, name) == (name if passed_on else url)


def test_a_link_has_no_other_name() -> None:
    assert name_for_programs("https://redd.it/a1", "/etc/passwd") == "https://redd.it/a1"
