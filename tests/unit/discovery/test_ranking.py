"""The score, the quality of texts, and the order of candidates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gt_common.discovery.candidate import rank, viral_score
from gt_common.discovery.quality import RULES, judge
from gt_common.reddit.posts import RedditPost

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PLAIN = "A plain paragraph about my neighbour and his dog.\n\nAnother plain paragraph."


def _post(identity: object = "abc", **given: object) -> RedditPost:
    data = {
        "id": identity,
        "subreddit": "tifu",
        "title": "A title",
        "selftext": PLAIN,
        "author": "somebody",
        "ups": 1000,
        "num_comments": 100,
        "created_utc": NOW - timedelta(hours=4),
        "upvote_ratio": 0.95,
    }
    return RedditPost.model_validate(data | given)


@pytest.mark.parametrize(
    ("upvotes", "comments", "age", "score"),
    [
        (1000, 100, 4.0, 600.0),  # (1000 + 2·100) / √4
        (1000, 100, 1.0, 1200.0),
        (1000, 100, 0.01, 1200.0),  # younger than an hour counts as an hour
        (0, 50, 100.0, 10.0),
        (0, 0, 0.0, 0.0),
    ],
)
def test_viral_score(upvotes: int, comments: int, age: float, score: float) -> None:
    assert viral_score(upvotes, comments, age) == pytest.approx(score)


@pytest.mark.parametrize(
    ("given", "remark"),
    [
        ({"selftext": "One long line. " * 200}, "one block of text"),
        ({"selftext": 'He said "you must leave now" and I said “I will not go”.'}, "dialogue"),
        ({"upvote_ratio": 0.55}, "disputed"),
        ({"title": "UPDATE: my sister moved out"}, "update of another post"),
        ({"title": "[Final Update] my sister moved out"}, "update of another post"),
        ({"title": "AITA for this? (Update)"}, "update of another post"),
        ({"title": "My landlord, part 2"}, "update of another post"),
        ({"title": "MY SISTER STOLE MY WEDDING DRESS"}, "capital letters"),
        ({"selftext": "WHY WOULD ANYBODY DO THIS TO ME. " * 20}, "capital letters"),
    ],
)
def test_each_rule_applies_alone(given: dict[str, object], remark: str) -> None:
    verdict = judge(_post(**given))
    assert verdict.remarks == (remark,)
    assert verdict.factor == next(rule.factor for rule in RULES if rule.remark == remark)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"upvote_ratio": None},
        {"title": "I updated my phone and broke it"},
        {"title": "AITA? NTA said my mom"},  # few letters, some of them capitals
        {"selftext": 'He said "no" once.\n\nThat was "it".'},
        {"selftext": "Paragraph of some length. " * 100 + "\n\nAnother."},
    ],
)
def test_a_plain_text_is_neither_good_nor_bad(given: dict[str, object]) -> None:
    assert judge(_post(**given)).factor == 1.0


def test_best_first_with_ranks_and_rounded_numbers() -> None:
    posts = [
        _post("old", created_utc=NOW - timedelta(hours=100)),
        _post("new", created_utc=NOW - timedelta(hours=1)),
        _post("sequel", title="Update: it got worse", created_utc=NOW - timedelta(hours=1)),
    ]
    ranked = rank(posts, NOW, quality=True)
    assert [(one.rank, one.id, one.score) for one in ranked] == [
        (1, "new", 1200.0),
        (2, "sequel", 600.0),
        (3, "old", 120.0),
    ]
    assert ranked[1].viral == 1200.0
    assert ranked[1].remarks == ("update of another post",)


def test_without_quality_the_text_does_not_count_and_equals_keep_one_order() -> None:
    posts = [_post("b"), _post("a", title="Update: part 2"), _post("c")]
    ranked = rank(posts, NOW, quality=False)
    assert [one.id for one in ranked] == ["a", "b", "c"]
    assert {one.score for one in ranked} == {600.0}
    assert [one.id for one in rank(posts[::-1], NOW, quality=False)] == ["a", "b", "c"]


def test_document_is_plain_json_values() -> None:
    document = rank([_post()], NOW, quality=True)[0].document()
    assert document["created_at"] == "2026-05-01T08:00:00Z"
    assert document["url"] == "https://www.reddit.com/r/tifu/comments/abc/"
    assert document["age_hours"] == 4.0
    assert document["length"] == len(PLAIN)
    assert "canonical" not in document
