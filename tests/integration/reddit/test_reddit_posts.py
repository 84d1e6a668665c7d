"""Single posts through asyncpraw from a server that speaks Reddit's API, and the ways in which that fails."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from asyncpraw.config import Config
from structlog.testing import capture_logs

from gt_common.errors import (
    CredentialsRefusedError,
    GossipToonError,
    PermanentError,
    RateLimited,
    RedditUnreachableError,
    StoryGoneError,
)
from gt_common.reddit import fetch_post, fetch_post_text
from gt_common.reddit.client import open_reddit
from gt_common.reddit.settings import load_reddit_settings
from support.placeholders import REMOVED, WITHOUT_TEXT
from support.reddit import CLIENT_ID, CLIENT_SECRET, CUT, TEXT, Answer, FakeReddit

TOKEN_PATH = "/api/v1/access_token"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "form",
    [
        "abc1",
        "https://www.reddit.com/r/tifu/comments/abc1/my_story/",
        "https://old.reddit.com/comments/ABC1?utm_source=share",
        "redd.it/abc1",
    ],
)
async def test_a_post_in_every_form_of_its_address(fake_reddit: FakeReddit, form: str) -> None:
    fake_reddit.add("tifu", "abc1", title="My story", ups=1234)
    post = await fetch_post(form)
    assert (post.id, post.title, post.ups, post.subreddit) == ("abc1", "My story", 1234, "tifu")
    assert post.text.endswith(TEXT.strip())
    (asked,) = fake_reddit.asked("/comments/abc1")
    assert ":gossiptoon-batch:" in asked.headers["user-agent"]


async def test_a_share_link_is_followed_by_its_target_only(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.shares["XyZ123"] = "https://www.reddit.com/r/tifu/comments/abc1/my_story/?share_id=1"
    assert (await fetch_post("https://www.reddit.com/r/tifu/s/XyZ123")).id == "abc1"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("https://evil.example/r/tifu/comments/abc1/x/", "does not lead to a post"),
        ("/r/tifu/s/Other1", "does not lead to a post"),
        ("/r/login/", "does not lead to a post"),
        ("/login", "with its login page instead of the post: open it in a browser"),
        ("https://www.reddit.com/login/?dest=%2Fr%2Ftifu%2Fs%2FXyZ123", "with its login page instead"),
        ("/login/?dest=https%3A%2F%2Fevil.example%2Fcomments%2Fabc1", "with its login page instead"),
        ("/account/login", "with its login page instead"),
        ("", "with a page instead of the post: open it in a browser"),
    ],
)
async def test_a_share_link_to_something_else_is_refused(
    fake_reddit: FakeReddit, target: str, said: str
) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.shares["XyZ123"] = target
    with pytest.raises(PermanentError, match=said) as caught:
        await fetch_post("https://www.reddit.com/r/tifu/s/XyZ123")
    assert "https://www.reddit.com/r/tifu/s/XyZ123" in str(caught.value)
    assert fake_reddit.asked("/comments/abc1") == []


async def test_a_login_page_that_names_the_post_is_not_in_the_way(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1")
    post = "https%3A%2F%2Fwww.reddit.com%2Fr%2Ftifu%2Fcomments%2Fabc1%2Fmy_story%2F"
    fake_reddit.shares["XyZ123"] = f"https://www.reddit.com/login/?dest={post}"
    assert (await fetch_post("https://www.reddit.com/r/tifu/s/XyZ123")).id == "abc1"


async def test_a_share_link_waits_as_a_post_does(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.shares["XyZ123"] = "https://www.reddit.com/r/tifu/comments/abc1/my_story/"
    fake_reddit.answers["/r/tifu/s/XyZ123"] = Answer(429, headers={"retry-after": "1"}, times=1)
    assert (await fetch_post("https://www.reddit.com/r/tifu/s/XyZ123")).id == "abc1"


@pytest.mark.parametrize("form", ["https://example.com/abc", "a b", "file:///etc/passwd", "story.txt"])
async def test_what_is_no_post_is_not_asked_for(fake_reddit: FakeReddit, form: str) -> None:
    with pytest.raises(PermanentError):
        await fetch_post(form)
    assert fake_reddit.seen == []


def test_title_and_text(fake_reddit: FakeReddit) -> None:
    fake_reddit.add(
        "tifu", "abc1", title=" My\nstory ", selftext="One &amp; two.\n\n&#x200B;\n\nThree.", author=None
    )
    assert fetch_post_text("https://redd.it/abc1") == ("My\nstory", "One & two.\n\n\n\nThree.")


async def test_title_and_text_where_a_loop_runs(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1", selftext="The text.")
    assert fetch_post_text("https://redd.it/abc1")[1] == "The text."


def test_a_crosspost_tells_the_story_it_shows(fake_reddit: FakeReddit) -> None:
    parent = fake_reddit.add("tifu", "abc1", selftext="The text.")
    fake_reddit.add("ProRevenge", "abc2", title="Look", selftext="", crosspost_parent_list=[parent])
    assert fetch_post_text("https://redd.it/abc2") == ("Look", "The text.")


def test_null_fields_are_not_a_fault(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1", selftext="The text.", crosspost_parent_list=None, ups=None)
    assert fetch_post_text("https://redd.it/abc1")[1] == "The text."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"selftext": "[removed]"}, "removed or deleted"),
        ({"removed_by_category": "moderator"}, "removed or deleted"),
        *(({"selftext": text}, "removed or deleted") for text in REMOVED),
        *(({"selftext": text}, "no text") for text in WITHOUT_TEXT),
    ],
)
def test_a_post_without_its_text(fake_reddit: FakeReddit, given: dict[str, object], said: str) -> None:
    fake_reddit.add("tifu", "abc1", **given)
    with pytest.raises(PermanentError, match=said):
        fetch_post_text("https://redd.it/abc1")


def _at(path: str, answer: Answer) -> Callable[[FakeReddit], None]:
    return lambda reddit: reddit.answers.update({path: answer})


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (_at("/comments/abc1", Answer(404)), StoryGoneError, "does not exist on Reddit"),
        (
            _at("/comments/abc1", Answer(403, {"reason": "private", "error": 403})),
            PermanentError,
            "the post abc1 is private",
        ),
        (_at("/comments/abc1", Answer(403, "blocked")), PermanentError, "GT_REDDIT_USER_AGENT"),
        (_at("/comments/abc1", Answer(404, {"reason": "banned"})), StoryGoneError, "banned"),
        (_at("/comments/abc1", Answer(451)), PermanentError, "legal"),
        (_at("/comments/abc1", Answer(400, {"error": 400, "message": "no"})), PermanentError, "refused"),
        (_at("/comments/abc1", Answer(400, {"reason": "BAD_ID"})), PermanentError, "BAD_ID"),
        (_at("/comments/abc1", Answer(401)), CredentialsRefusedError, "GT_REDDIT_CLIENT_ID"),
        (
            _at("/comments/abc1", Answer(401, headers={"www-authenticate": 'Bearer error="invalid_token"'})),
            CredentialsRefusedError,
            "GT_REDDIT_CLIENT_ID",
        ),
        (_at("/comments/abc1", Answer(200, "<html>")), RedditUnreachableError, "not JSON but"),
        (_at("/comments/abc1", Answer(200, {"kind": "x"})), RedditUnreachableError, "is not a list of posts"),
        (_at("/comments/abc1", Answer(200, "[]")), RedditUnreachableError, "is not a list of posts"),
        (_at("/comments/abc1", Answer(418)), PermanentError, "418"),
        (_at(TOKEN_PATH, Answer(401)), CredentialsRefusedError, "refused the credentials"),
        (_at(TOKEN_PATH, Answer(403, "blocked")), CredentialsRefusedError, "403"),
        (_at(TOKEN_PATH, Answer(200, {"error": "invalid_grant"})), CredentialsRefusedError, "invalid_grant"),
        (_at(TOKEN_PATH, Answer(200, {"no": "token"})), RedditUnreachableError, "an unexpected form"),
        (_at(TOKEN_PATH, Answer(200, "<html>")), RedditUnreachableError, "not JSON but"),
        (_at(TOKEN_PATH, Answer(503)), RedditUnreachableError, "503"),
    ],
)
async def test_faults_in_plain_words(
    fake_reddit: FakeReddit, fault: Callable[[FakeReddit], None], error: type[GossipToonError], said: str
) -> None:
    fake_reddit.add("tifu", "abc1")
    fault(fake_reddit)
    with pytest.raises(error, match=said) as caught:
        await fetch_post("abc1")
    assert CLIENT_SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_wrong_credentials(fake_reddit: FakeReddit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_REDDIT_CLIENT_SECRET", "another")
    with pytest.raises(CredentialsRefusedError, match="refused the credentials"):
        await fetch_post("abc1")
    assert [seen.path for seen in fake_reddit.seen] == [TOKEN_PATH]


async def test_a_token_that_ended_is_had_anew(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.answers["/comments/abc1"] = Answer(401, times=1)
    assert (await fetch_post("abc1")).id == "abc1"
    assert len(fake_reddit.asked(TOKEN_PATH)) == 2


async def test_a_fault_that_passes_is_tried_again(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.answers["/comments/abc1"] = Answer(502, times=1)
    assert (await fetch_post("abc1")).id == "abc1"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
async def test_a_fault_of_the_token_that_passes_is_tried_again(fake_reddit: FakeReddit, status: int) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.answers[TOKEN_PATH] = Answer(status, times=1)
    with capture_logs() as logs:
        assert (await fetch_post("abc1")).id == "abc1"
    assert len(fake_reddit.asked(TOKEN_PATH)) == 2
    (word,) = (entry for entry in logs if entry["event"] == "reddit_retried")
    assert (word["log_level"], word["seconds"]) == ("warning", 1.0)
    assert str(status) in word["error"]


async def test_a_fault_of_the_token_that_stays_ends_after_three_attempts(fake_reddit: FakeReddit) -> None:
    fake_reddit.answers[TOKEN_PATH] = Answer(503)
    with pytest.raises(RedditUnreachableError, match="503"):
        await fetch_post("abc1")
    assert len(fake_reddit.asked(TOKEN_PATH)) == 3


@pytest.mark.parametrize("path", [TOKEN_PATH, "/comments/abc1"])
async def test_a_lost_connection_is_tried_again(fake_reddit: FakeReddit, path: str) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.answers[path] = Answer(CUT, times=1)
    assert (await fetch_post("abc1")).id == "abc1"


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_credentials_are_not_tried_again(fake_reddit: FakeReddit, status: int) -> None:
    fake_reddit.answers[TOKEN_PATH] = Answer(status)
    with pytest.raises(CredentialsRefusedError):
        await fetch_post("abc1")
    assert len(fake_reddit.asked(TOKEN_PATH)) == 1


@pytest.mark.parametrize(
    "rate",
    [
        {"x-ratelimit-remaining": "99.0", "x-ratelimit-used": "1", "x-ratelimit-reset": "30.5"},
        {"x-ratelimit-remaining": "99.5", "x-ratelimit-used": "0.5", "x-ratelimit-reset": "30"},
        {"x-ratelimit-remaining": "99.0", "x-ratelimit-reset": "30"},
        {"x-ratelimit-remaining": "99.0", "x-ratelimit-used": "1"},
        {"x-ratelimit-remaining": "many", "x-ratelimit-used": "", "x-ratelimit-reset": "soon"},
    ],
)
async def test_rate_limit_headers_never_discard_a_good_answer(
    fake_reddit: FakeReddit, rate: dict[str, str]
) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.rate = rate
    async with open_reddit(load_reddit_settings()) as client:
        for _ in range(2):
            await client.get("comments/abc1", "a post")


async def test_a_fraction_of_a_second_is_waited_for(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.rate = {"x-ratelimit-remaining": "0.5", "x-ratelimit-reset": "400.5"}
    async with open_reddit(load_reddit_settings()) as client:
        await client.get("comments/abc1", "a post")
        with pytest.raises(RateLimited) as caught:
            await client.get("comments/abc1", "a post")
    assert 390 < caught.value.retry_after <= 400.5


async def test_a_fault_that_stays(fake_reddit: FakeReddit) -> None:
    fake_reddit.answers["/comments/abc1"] = Answer(500)
    with pytest.raises(RedditUnreachableError, match="500"):
        await fetch_post("abc1")
    assert len(fake_reddit.asked("/comments/abc1")) == 3


async def test_nobody_listens(unused_tcp_port: int) -> None:
    settings = load_reddit_settings(
        url=f"http://127.0.0.1:{unused_tcp_port}", client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    with pytest.raises(RedditUnreachableError, match="cannot be reached") as caught:
        await fetch_post("abc1", settings)
    assert caught.value.exit_code == 3


async def test_somebody_listens_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = load_reddit_settings(
            url=f"http://127.0.0.1:{mute.getsockname()[1]}",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            timeout="200ms",
        )
        with pytest.raises(RedditUnreachableError, match="did not answer in time"):
            await fetch_post("abc1", settings)


@pytest.mark.parametrize("path", [TOKEN_PATH, "/comments/abc1"])
async def test_a_long_wait_is_handed_on(fake_reddit: FakeReddit, path: str) -> None:
    fake_reddit.answers[path] = Answer(429, headers={"retry-after": "300"})
    with pytest.raises(RateLimited) as caught:
        await fetch_post("abc1")
    assert (caught.value.provider, caught.value.retry_after) == ("reddit", 300.0)


async def test_a_short_wait_is_waited(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.answers["/comments/abc1"] = Answer(429, headers={"retry-after": "1"}, times=1)
    assert (await fetch_post("abc1")).id == "abc1"


async def test_waits_add_up(fake_reddit: FakeReddit) -> None:
    fake_reddit.answers["/comments/abc1"] = Answer(429, headers={"retry-after": "1"})
    with pytest.raises(RateLimited):
        await fetch_post("abc1", load_reddit_settings(patience="1500ms"))
    assert len(fake_reddit.asked("/comments/abc1")) == 2


async def test_used_up_requests_are_not_asked_for(fake_reddit: FakeReddit) -> None:
    fake_reddit.add("tifu", "abc1")
    fake_reddit.rate = {
        "x-ratelimit-remaining": "0.0",
        "x-ratelimit-used": "100",
        "x-ratelimit-reset": "400",
    }
    async with open_reddit(load_reddit_settings()) as client:
        await client.get("comments/abc1", "a post")
        with pytest.raises(RateLimited) as caught:
            await client.get("comments/abc1", "a post")
    assert 390 < caught.value.retry_after <= 400
    assert len(fake_reddit.asked("/comments/abc1")) == 1


async def test_a_praw_ini_that_lies_about_changes_nothing(
    fake_reddit: FakeReddit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Config, "CONFIG", None)  # asyncpraw reads the file once a process
    (tmp_path / "praw.ini").write_text(
        "[DEFAULT]\noauth_url=http://127.0.0.1:9\nreddit_url=http://127.0.0.1:9\nusername=x\npassword=y\n"
    )
    fake_reddit.add("tifu", "abc1")
    assert (await fetch_post("abc1")).id == "abc1"
