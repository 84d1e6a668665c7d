"""When a cached answer is used, and when Reddit is asked."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gt_common.discovery.cache import Cache
from gt_common.discovery.options import DiscoverOptions, TimeFilter
from gt_common.reddit.posts import RedditPost

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPTIONS = DiscoverOptions()
POSTS = (
    RedditPost(id="abc", subreddit="tifu", title="Tïtle", selftext="text", ups=7, created_utc=NOW),
    RedditPost(id="abd", subreddit="tifu", author="somebody", created_utc=NOW),
)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Return a cache with an answer from NOW."""
    made = Cache(tmp_path / "discovery", "https://reddit.example/")
    made.put("Tifu", OPTIONS, POSTS, NOW)
    return made


def test_the_same_posts_come_back(cache: Cache) -> None:
    assert cache.get("tifu", OPTIONS, NOW + timedelta(minutes=59)) == POSTS


@pytest.mark.parametrize("later", [timedelta(hours=1), timedelta(minutes=-5)])
def test_neither_old_answers_nor_those_of_the_future_count(cache: Cache, later: timedelta) -> None:
    assert cache.get("tifu", OPTIONS, NOW + later) is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"min_upvotes": 2000}, True),
        ({"min_upvotes": 999}, False),  # more would be found than was looked for
        ({"depth": 200}, True),
        ({"depth": 400}, False),
        ({"min_comments": 1, "nsfw": True, "limit": 3}, True),  # filters that Reddit is not asked for
        ({"time_filter": TimeFilter.DAY}, False),
    ],
)
def test_an_answer_serves_options_that_find_no_more(
    cache: Cache, given: dict[str, object], found: bool
) -> None:
    options = replace(OPTIONS, **given)  # type: ignore[arg-type] # of several types
    assert (cache.get("tifu", options, NOW) is not None) == found


def test_other_communities_and_servers_have_their_own(cache: Cache, tmp_path: Path) -> None:
    assert cache.get("ProRevenge", OPTIONS, NOW) is None
    assert Cache(tmp_path / "discovery", "https://other.example/").get("tifu", OPTIONS, NOW) is None


@pytest.mark.parametrize("content", ["", "{", '{"form": 2}', "[]"])
def test_a_damaged_file_counts_as_none(cache: Cache, tmp_path: Path, content: str) -> None:
    (file,) = (tmp_path / "discovery").iterdir()
    file.write_text(content)
    assert cache.get("tifu", OPTIONS, NOW) is None
    cache.put("tifu", OPTIONS, POSTS, NOW)
    assert cache.get("tifu", OPTIONS, NOW) == POSTS


def test_old_files_go_when_a_new_one_comes(cache: Cache, tmp_path: Path) -> None:
    (old,) = (tmp_path / "discovery").iterdir()
    two_hours_ago = NOW.timestamp() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    cache.put("ProRevenge", OPTIONS, POSTS, NOW)
    assert not old.exists()
    assert [path.name.partition("-")[0] for path in (tmp_path / "discovery").iterdir()] == ["prorevenge"]


def test_a_folder_that_cannot_be_made_costs_nothing_but_the_requests(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file", "https://reddit.example/")
    cache.put("tifu", OPTIONS, POSTS, NOW)
    assert cache.get("tifu", OPTIONS, NOW) is None
