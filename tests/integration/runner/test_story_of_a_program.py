"""What a program gets of its story: placeholders, story.json, the text of a file or of a post on Reddit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gt_common.messages import StoryMessage
from gt_consumer.runner.outcomes import FailedForGood, Outcome, Waiting
from support.reddit import Answer, FakeReddit
from support.runner import a_runner, a_story, run_once, succeeded

POST = "https://www.reddit.com/r/tifu/comments/abc1/a_title/"
LONG = "가" * 30_000
COPY = """command:sh -c 'cp "$GT_STORY_FILE" "$0"; cp *.txt "$0.txt" 2>/dev/null; echo x > v.mp4' {place}"""


def copying(folder: Path, arguments: str = "") -> str:
    """Return a program that copies its story to `seen` in the folder; then come more arguments."""
    return f"{COPY.format(place=folder / 'seen')} {arguments}"


def printing(*arguments: str) -> str:
    """Return a program that writes its arguments into its video."""
    return "command:sh -c 'printf %s\\\\n \"$@\" > v.mp4' sh " + " ".join(arguments)


def a_file(folder: Path, text: str = "# The Cupcake\n\nOnce.\n", name: str = "a story.md") -> StoryMessage:
    """Write a story file. Return its message, with the name that a list gave it."""
    (folder / name).write_text(text)
    message = a_story(url=(folder / name).as_uri(), voice="alto")
    return message.model_copy(update={"given": name, "title": "The Cupcake"})


def seen(folder: Path) -> dict[str, object]:
    """Return the story.json that the program saw."""
    found = json.loads((folder / "seen").read_text())
    assert isinstance(found, dict)
    return found


def failure_of(outcome: Outcome) -> tuple[str, str]:
    """Return type and message of a failure for good."""
    assert isinstance(outcome, FailedForGood), outcome
    return outcome.failure.type, outcome.failure.message


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the credentials of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("GT_REDDIT_CLIENT_ID", "GT_REDDIT_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)


async def test_placeholders_are_the_values_of_the_story(tmp_path: Path) -> None:
    story = a_file(tmp_path)
    line = printing("{url}", "{path}", "{title}", "{text_file}", "--voice={options.voice}", "{options.n}")
    story = story.model_copy(update={"options": {"voice": "alto", "n": [1, None]}})
    outcome = succeeded(await run_once(line, tmp_path, story, story_roots=[tmp_path]))
    url, path, title, text_file, voice, number = outcome.output_path.read_text().splitlines()
    assert (url, path, title) == ("a story.md", str(tmp_path / "a story.md"), "The Cupcake")
    assert Path(text_file).name == "story.txt"
    assert (voice, number) == ("--voice=alto", "[1, null]")


async def test_a_story_file_is_in_story_json_with_its_options(tmp_path: Path) -> None:
    story = a_file(tmp_path)
    line = copying(tmp_path, "{text_file}")
    succeeded(await run_once(line, tmp_path, story, story_roots=[tmp_path]))
    assert seen(tmp_path) == {
        "schema": 1,
        "batch_id": "b1",
        "story_id": "s1",
        "url": "a story.md",
        "path": str(tmp_path / "a story.md"),
        "title": "The Cupcake",
        "text": "Once.",
        "subreddit": None,
        "author": None,
        "options": {"voice": "alto"},
    }
    assert (tmp_path / "seen.txt").read_text() == "Once.\n"


async def test_a_saved_post_is_read_with_its_community_and_author(tmp_path: Path) -> None:
    post = {"title": "TIFU", "selftext": "Once.", "subreddit": "tifu", "author": "me"}
    story = a_file(tmp_path, json.dumps({"kind": "t3", "data": post}), "post.json")
    succeeded(await run_once(copying(tmp_path), tmp_path, story, story_roots=[tmp_path]))
    found = seen(tmp_path)
    assert [found[name] for name in ("title", "text", "subreddit", "author")] == list(post.values())


@pytest.mark.parametrize("content", ["", "\udcff", "{}", "# Only a title"])
async def test_a_file_without_a_text_stops_only_programs_that_need_one(content: str, tmp_path: Path) -> None:
    story = a_file(tmp_path, name="post.json" if content == "{}" else "a.md", text="x")
    (tmp_path / story.url.rpartition("/")[2]).write_bytes(content.encode("utf-8", "surrogateescape"))
    with capture_logs() as logs:
        succeeded(await run_once(copying(tmp_path), tmp_path, story, story_roots=[tmp_path]))
    assert (seen(tmp_path)["text"], seen(tmp_path)["title"]) in [
        (None, "The Cupcake"),
        (None, "Only a title"),
    ]
    missed = any(entry["event"] == "story_text_missed" for entry in logs)
    assert missed is (content != "# Only a title")
    line = printing("{text_file}")
    kind, _ = failure_of(await run_once(line, tmp_path / "2", story, story_roots=[tmp_path]))
    assert kind == "PermanentError"


async def test_a_post_is_fetched_once_for_all_attempts(fake_reddit: FakeReddit, tmp_path: Path) -> None:
    fake_reddit.add("tifu", "abc1", title="TIFU", selftext="Once.")
    async with a_runner(copying(tmp_path), tmp_path) as runner:
        for number in (1, 2):
            succeeded(await runner.run(a_story(f"s{number}", url=POST), number, lambda *_: None))
    found = seen(tmp_path)
    assert [found[name] for name in ("title", "text", "subreddit", "author", "url")] == [
        *("TIFU", "Once.", "tifu", "somebody"),
        POST,
    ]
    assert len(fake_reddit.asked("/comments/abc1")) == 1


@pytest.mark.usefixtures("no_credentials")
async def test_without_credentials_a_post_has_no_text_and_who_needs_it_is_told(tmp_path: Path) -> None:
    succeeded(await run_once(copying(tmp_path), tmp_path, a_story(url=POST)))
    assert seen(tmp_path)["text"] is None
    for argument in ("{text_file}", "{workdir}/story.json"):
        kind, message = failure_of(await run_once(printing(argument), tmp_path, a_story("s2", url=POST)))
        assert kind == "CredentialsRefusedError"
        assert "GT_REDDIT_CLIENT_ID" in message


async def test_a_post_without_a_text_stops_only_programs_that_need_one(
    fake_reddit: FakeReddit, tmp_path: Path
) -> None:
    fake_reddit.add("tifu", "abc1", title="A film", selftext="")
    succeeded(await run_once(copying(tmp_path), tmp_path, a_story(url=POST)))
    assert (seen(tmp_path)["title"], seen(tmp_path)["text"]) == ("A film", None)
    kind, message = failure_of(await run_once(printing("{text_file}"), tmp_path, a_story("s2", url=POST)))
    assert (kind, "has no text" in message) == ("PermanentError", True)


async def test_too_many_requests_is_a_wait_and_another_error_is_missed_only(
    fake_reddit: FakeReddit, tmp_path: Path
) -> None:
    fake_reddit.answers["/comments/abc1"] = Answer(429, headers={"retry-after": "120"}, times=1)
    waiting = await run_once(copying(tmp_path), tmp_path, a_story(url=POST))
    assert waiting == Waiting("reddit", 120.0)
    with capture_logs() as logs:
        succeeded(await run_once(copying(tmp_path), tmp_path, a_story(url=POST)))
    assert "story_text_missed" in [entry["event"] for entry in logs]
    outcome = await run_once(printing("{text_file}"), tmp_path, a_story("s2", url=POST))
    assert failure_of(outcome)[0] == "StoryGoneError"


async def test_another_link_has_no_text(tmp_path: Path) -> None:
    story = a_story(url="https://example.com/a-nice/page-3")
    outcome = succeeded(await run_once(printing("{url}", "{title}"), tmp_path, story))
    assert outcome.output_path.read_text().splitlines() == [story.url, "page 3"]
    kind, message = failure_of(await run_once(printing("{text_file}"), tmp_path / "2", story))
    assert (kind, "neither a post on Reddit nor a story file" in message) == ("PermanentError", True)


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("{path}", "the story is a link, not a file, which the command needs for {path}"),
        ("{options.none}", "the story has no option 'none', which the command needs for {options.none}"),
        ("{options.pitch}", "the value of {options.pitch} would be read as an option: '-5'"),
    ],
)
async def test_a_value_that_is_missing_or_an_option_fails_for_good(
    argument: str, says: str, tmp_path: Path
) -> None:
    outcome = await run_once(printing(argument), tmp_path, a_story(url="https://e.com/v", pitch=-5))
    assert says in failure_of(outcome)[1]


@pytest.mark.parametrize(("title", "given"), [("--exec rm -rf /", "exec rm -rf /"), ("- - -", "a b")])
async def test_a_title_is_never_an_option_and_never_empty(title: str, given: str, tmp_path: Path) -> None:
    story = a_story(url="https://e.com/a-b").model_copy(update={"title": title})
    outcome = succeeded(await run_once(printing("{title}"), tmp_path, story))
    assert outcome.output_path.read_text() == f"{given}\n"


async def test_long_options_are_in_the_file_and_short_ones_in_the_variable_too(tmp_path: Path) -> None:
    line = 'command:sh -c \'printf %s "$GT_STORY_OPTIONS" > v.mp4; cp "$GT_STORY_FILE" "$0"; echo >> v.mp4\' '
    for length, kept in ((20_000, True), (30_000, False)):
        story = a_story(url="https://e.com/v", text=LONG[:length])
        outcome = succeeded(await run_once(f"{line}{tmp_path / 'seen'}", tmp_path / str(length), story))
        assert seen(tmp_path)["options"] == {"text": LONG[:length]}
        variable = outcome.output_path.read_text().strip()
        assert variable == (json.dumps(story.options, ensure_ascii=False) if kept else "")


async def test_arguments_that_are_too_long_fail_for_good_and_are_named(tmp_path: Path) -> None:
    story = a_story(url="https://e.com/v", text=LONG * 2)
    kind, message = failure_of(await run_once(printing("{url}", "--text={options.text}"), tmp_path, story))
    assert kind == "ArgumentsTooLong"
    assert "(the longest is --text={options.text} with 180,007 bytes)" in message
    assert "{workdir}/story.json" in message
