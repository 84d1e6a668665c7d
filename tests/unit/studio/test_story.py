"""Reading stories: what is read, and which stories can never work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gt_common.errors import CredentialsRefusedError, PermanentError
from gt_consumer.studio.text.story import load_story
from support.placeholders import REMOVED, STORIES, WITHOUT_TEXT
from support.reddit import TEXT, FakeReddit

POST = {"title": "AITA for this?", "selftext": "It began on a Monday."}


def _file(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path.as_uri()


def test_a_first_heading_is_the_title(tmp_path: Path) -> None:
    story = load_story(
        _file(tmp_path, "my story.md", "\ufeff# The Title\r\n\r\nOne.\r\n\r\nTwo.\r\n"), [tmp_path]
    )
    assert (story.title, story.text) == ("The Title", "One.\n\nTwo.")


def test_a_text_without_heading_has_no_title(tmp_path: Path) -> None:
    story = load_story(_file(tmp_path, "a.txt", "Only text.\n# not a title"), [tmp_path])
    assert (story.title, story.text) == ("", "Only text.\n# not a title")


@pytest.mark.parametrize(
    ("text", "title", "story"),
    [
        ("---\ntitle: Mine\ntags: [a, b]\n---\n\nOne.\n", "Mine", "One."),
        ("---\ntitle: Mine\n---\n# Its own\n\nOne.\n", "Its own", "One."),
        ("---\nOne.\n---\nTwo.", "", "---\nOne.\n---\nTwo."),
    ],
)
def test_front_matter_is_not_read(tmp_path: Path, text: str, title: str, story: str) -> None:
    read = load_story(_file(tmp_path, "a.md", text), [tmp_path])
    assert (read.title, read.text.strip()) == (title, story)


@pytest.mark.parametrize(
    "document",
    [
        POST,
        {"kind": "t3", "data": POST},
        {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": POST}]}},
        [
            {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": POST}]}},
            {"kind": "Listing", "data": {"children": [{"kind": "t1", "data": {"body": "NTA"}}]}},
        ],
    ],
)
def test_every_form_of_a_reddit_post_is_read(tmp_path: Path, document: object) -> None:
    story = load_story(_file(tmp_path, "post.json", json.dumps(document)), [tmp_path])
    assert (story.title, story.text) == (POST["title"], POST["selftext"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.md", "  \n ", "empty"),
        ("a.txt", b"caf\xe9", r"not UTF-8 \(byte 3\)"),
        ("a.md", "# Only a title\n\n123 !!", "no text"),
        ("a.json", json.dumps({**POST, "selftext": ""}), "no text"),
        ("a.json", json.dumps({**POST, "selftext": "[removed]"}), "removed or deleted"),
        ("a.json", json.dumps({**POST, "selftext": "[deleted]"}), "removed or deleted"),
        ("a.json", json.dumps({**POST, "removed_by_category": "moderator"}), "removed or deleted"),
        ("a.json", "{not json", "not JSON"),
        ("a.json", json.dumps({"kind": "t1", "data": {"body": "a comment"}}), "no Reddit post"),
        ("a.json", "[]", "no Reddit post"),
        ("a.json", json.dumps({**POST, "title": 7}), "in a.json has an invalid title"),
        ("a.json", json.dumps([POST, {"kind": "t3", "data": POST}]), r"^a\.json has 2 posts, .*save each"),
        ("a.pdf", "text", r"reads \.md, \.txt, \.json"),
    ],
)
def test_stories_that_can_never_work(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(PermanentError, match=message) as caught:
        load_story(_file(tmp_path, name, content), [tmp_path])
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("suffix", [".md", ".json"])
@pytest.mark.parametrize("text", [*REMOVED, *WITHOUT_TEXT])
def test_what_reddit_shows_instead_of_a_story_is_refused_in_files_too(
    tmp_path: Path, text: str, suffix: str
) -> None:
    content = json.dumps({**POST, "selftext": text}) if suffix == ".json" else f"# Mine\n\n{text}\n"
    with pytest.raises(PermanentError, match=r"removed or deleted: story|has no text.*: story"):
        load_story(_file(tmp_path, f"story{suffix}", content), [tmp_path])


@pytest.mark.parametrize("text", STORIES)
def test_a_story_that_mentions_them_is_read(tmp_path: Path, text: str) -> None:
    assert load_story(_file(tmp_path, "story.md", f"# Mine\n\n{text}\n"), [tmp_path]).text.startswith(
        text[:12]
    )


def test_a_crosspost_saved_as_json_has_the_text_of_the_post_it_shows(tmp_path: Path) -> None:
    saved = {"title": "Look", "selftext": "", "crosspost_parent_list": [POST]}
    story = load_story(_file(tmp_path, "post.json", json.dumps({"kind": "t3", "data": saved})), [tmp_path])
    assert (story.title, story.text) == ("Look", POST["selftext"])


def test_no_crosspost_is_not_a_fault(tmp_path: Path) -> None:
    saved = {**POST, "crosspost_parent_list": None, "removed_by_category": None}
    assert load_story(_file(tmp_path, "post.json", json.dumps(saved)), [tmp_path]).text == POST["selftext"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone.md"
    with pytest.raises(PermanentError, match="story file not found on this machine") as caught:
        load_story(path.as_uri(), [tmp_path])
    assert str(path) in str(caught.value)


def test_a_file_in_another_folder_is_not_read(tmp_path: Path) -> None:
    stories = tmp_path / "stories"
    stories.mkdir()
    url = _file(tmp_path, "private.md", "Secret.")
    (stories / "link.md").symlink_to(tmp_path / "private.md")
    for given in (url, (stories / "link.md").as_uri(), stories.as_uri() + "/%2e%2e/private.md"):
        with pytest.raises(PermanentError, match="GT_STORY_ROOTS") as caught:
            load_story(given, [stories])
        assert "Secret" not in str(caught.value)
    with pytest.raises(PermanentError, match=r"GT_STORY_ROOTS only \(not set here\)"):
        load_story(url, [])


@pytest.mark.parametrize("url", ["file://elsewhere/a.md", "file:///a%00.md"])
def test_a_file_that_cannot_be_on_this_machine_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="not the URL of a file on this machine"):
        load_story(url, [Path("/"), tmp_path])


def test_a_reddit_post_is_fetched(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1", title="TIFU by asking")
    story = load_story("https://old.reddit.com/r/tifu/comments/abc1/tifu_by_asking/?utm_source=share", [])
    assert story.title == "TIFU by asking"
    assert story.text.endswith(TEXT.strip())


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://www.reddit.com/r/tifu/comments/none/x/", "none"),
        ("https://example.com/a/story", "not of https://example.com/a/story; choose another orchestrator"),
        ("stories/a.md", "not 'stories/a.md'"),
    ],
)
def test_other_urls_are_refused(fake_reddit: FakeReddit, url: str, message: str) -> None:
    fake_reddit.add("tifu", "abc1")
    with pytest.raises(PermanentError, match=message):
        load_story(url, [])


def test_reddit_without_credentials_names_the_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GT_REDDIT_CLIENT_ID", "GT_REDDIT_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CredentialsRefusedError, match="GT_REDDIT_CLIENT_ID"):
        load_story("https://www.reddit.com/r/tifu/comments/abc1/x/", [])


@pytest.mark.parametrize("name", ["a.md", "a.json"])
def test_a_title_that_is_the_whole_story_is_refused_when_it_is_read(tmp_path: Path, name: str) -> None:
    title = "word " * 380_000
    text = f"# {title}\n\nOnce upon a time.\n" if name == "a.md" else json.dumps(POST | {"title": title})
    with pytest.raises(PermanentError, match=r"the title of a\..* has 1,899,999 characters"):
        load_story(_file(tmp_path, name, text), [tmp_path])
    longest = load_story(_file(tmp_path, "b.md", f"# {'x' * 500}\n\nOnce upon a time.\n"), [tmp_path])
    assert len(longest.title) == 500
