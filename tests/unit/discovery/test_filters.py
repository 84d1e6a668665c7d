"""Which posts are excluded and why; options and blocklists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gt_common.discovery.blocklist import BUILT_IN, Blocklist, make_blocklist
from gt_common.discovery.filters import keep, reason_against
from gt_common.discovery.finding import Finding
from gt_common.discovery.options import DiscoverOptions, parse_subreddits
from gt_common.errors import UsageError
from gt_common.reddit.posts import RedditPost

OPTIONS = DiscoverOptions()
NOTHING = Blocklist([])
TEXT = "A harmless sentence about cake. " * 30


def _post(identity: object = "abc", **given: object) -> RedditPost:
    data = {
        "id": identity,
        "subreddit": "tifu",
        "title": "A title",
        "selftext": TEXT,
        "author": "somebody",
        "ups": 1000,
        "num_comments": 100,
        "created_utc": datetime(2026, 5, 1, tzinfo=UTC),
    }
    return RedditPost.model_validate(data | given)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, None),
        ({"selftext": "[removed]"}, "removed or deleted"),
        ({"selftext": " [Deleted] "}, "removed or deleted"),
        ({"title": "[deleted by user]"}, "removed or deleted"),
        ({"removed_by_category": "moderator"}, "removed or deleted"),
        ({"author": None}, "removed or deleted"),
        ({"author": "[deleted]"}, "removed or deleted"),
        ({"stickied": True}, "pinned by moderators"),
        ({"over_18": True}, "not safe for work"),
        ({"ups": 999}, "under 1,000 upvotes"),
        ({"num_comments": 99}, "under 100 comments"),
        ({"selftext": "x" * 499}, "under 500 characters"),
        ({"selftext": "x" * 500}, None),
        ({"selftext": "x" * 10_000}, None),
        ({"selftext": "x" * 10_001}, "over 10,000 characters"),
        ({"selftext": "&#x200B;" * 200}, "under 500 characters"),  # nothing is left of it to tell
    ],
)
def test_reasons(given: dict[str, object], reason: str | None) -> None:
    assert reason_against(_post(**given), OPTIONS, NOTHING) == reason


def test_nsfw_can_be_let_in() -> None:
    assert reason_against(_post(over_18=True), replace(OPTIONS, nsfw=True), NOTHING) is None


def test_blocked_words_count_in_title_and_text() -> None:
    blocklist = Blocklist(["spider*"])
    assert reason_against(_post(title="My Spiders"), OPTIONS, blocklist) == "with blocked words"
    assert reason_against(_post(selftext=TEXT + "a SPIDER!"), OPTIONS, blocklist) == "with blocked words"
    assert reason_against(_post(), OPTIONS, blocklist) is None


def test_keep_counts_reasons_and_keeps_the_better_of_two_copies() -> None:
    posts = [
        _post("a", ups=1000),
        _post("b", ups=5000),  # the same text
        _post("c", ups=3, selftext="other " * 100),
        _post("d", ups=4, selftext="another " * 100),
    ]
    kept, left_out = keep([*posts, posts[1]], OPTIONS, NOTHING)
    assert [post.id for post in kept] == ["b"]
    assert left_out == {"under 1,000 upvotes": 2, "posted twice": 2}


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (["rape"], "rapeseed oil and grapes", None),
        (["rape"], "a rape.", "rape"),
        (["suicid*"], "She was SUICIDAL", "SUICIDAL"),
        (["suicid*"], "pesticide", None),
        (["self harm*"], "signs of self-harming", "self-harming"),
        (["self harm*"], "signs of self   harm", "self   harm"),
        (["self-harm"], "self harm", "self harm"),
        (["a.c"], "abc", None),
        ([], "anything", None),
    ],
)
def test_blocklist(words: list[str], text: str, found: str | None) -> None:
    assert Blocklist(words).find(text) == found


def test_every_built_in_word_is_found() -> None:
    blocklist = Blocklist(BUILT_IN)
    assert [word for word in BUILT_IN if blocklist.find(f"so {word.rstrip('*')}, said he") is None] == []


def test_block_words_of_a_file_come_with_or_without_the_built_in_ones(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("\ufeff# mine\n\nclown*\n*\n", encoding="utf-8")
    assert make_blocklist(file, built_in=True).find("suicide of a clown") == "suicide"
    own = make_blocklist(file, built_in=False)
    assert own.find("suicide of clowns") == "clowns"
    assert own.find("nothing here") is None


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00bad"])
def test_unreadable_block_words_are_said(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=r"--block-words: .*words\.txt"):
        make_blocklist(file, built_in=True)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("AITA,TIFU", ("AmItheAsshole", "tifu")),
        (" r/ProRevenge , /r/aita/ ", ("ProRevenge", "AmItheAsshole")),
        ("amitheasshole,AITA", ("amitheasshole",)),
        ("AITAH", ("AITAH",)),
    ],
)
def test_subreddits(text: str, names: tuple[str, ...]) -> None:
    assert parse_subreddits(text) == names


@pytest.mark.parametrize("text", ["", " , ", "a b", "../etc", "x" * 30, "tifu?limit=1", "é"])
def test_no_subreddits(text: str) -> None:
    with pytest.raises(UsageError, match="--subreddits"):
        parse_subreddits(text)


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"limit": 0}, "--limit"),
        ({"depth": 99}, "--depth"),
        ({"min_upvotes": -1}, "--min-upvotes"),
        ({"min_length": 600, "max_length": 599}, "--max-length"),
        ({"subreddits": ()}, "--subreddits"),
    ],
)
def test_options_out_of_range(given: dict[str, object], option: str) -> None:
    with pytest.raises(UsageError, match=option):
        DiscoverOptions(**given)  # type: ignore[arg-type] # wrong on purpose, one at a time


@pytest.mark.parametrize(("number", "said"), [(1, "1 post checked"), (2, "2 posts checked")])
def test_notes_count_posts(number: int, said: str) -> None:
    assert Finding((), number, {}, ()).notes() == [f"{said}, 0 selected"]
