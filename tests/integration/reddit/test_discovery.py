"""The search as a whole against a local Reddit: pages, filters, the ledger, the cache, closed communities."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gt_common.discovery import DiscoverOptions, discover, find, reading_of
from gt_common.discovery.options import TimeFilter
from gt_common.errors import (
    CredentialsRefusedError,
    LedgerUnreachableError,
    RedditUnreachableError,
    UsageError,
)
from gt_common.ledger import open_ledger
from gt_common.messages import BatchStories, StoryEntry
from gt_common.settings import Settings, load_settings
from support.reddit import Answer, FakeReddit
from support.samples.events import BATCH, at

TIFU = DiscoverOptions(subreddits=("tifu",))


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings with folders of the test."""
    monkeypatch.chdir(tmp_path)
    return load_settings(state_dir=tmp_path / "state", ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}")


async def test_all_pages_are_read_and_the_best_come_first(fake_reddit: FakeReddit, local: Settings) -> None:
    for number in range(230):
        fake_reddit.add("tifu", f"p{number}", ups=5000 - number, score=5000 - number)
    finding = await find(local, DiscoverOptions(subreddits=("tifu",), limit=1000))
    assert [one.id for one in finding.candidates] == [f"p{number}" for number in range(230)]
    pages = [seen.params for seen in fake_reddit.asked("/r/tifu/top")]
    assert [page.get("after") for page in pages] == [None, "t3_p99", "t3_p199"]
    assert {page["t"] for page in pages} == {"week"}
    assert finding.looked_at == 230


async def test_pages_end_with_the_depth_and_where_upvotes_do_not_suffice(
    fake_reddit: FakeReddit, local: Settings
) -> None:
    for number in range(500):
        ups = 2000 if number < 120 else 10
        fake_reddit.add("tifu", f"p{number}", ups=ups, score=ups)
        fake_reddit.add("ProRevenge", f"q{number}", ups=3000, score=3000)
    options = DiscoverOptions(subreddits=("tifu", "ProRevenge"), limit=1000, depth=350)
    finding = await find(local, options)
    assert len(fake_reddit.asked("/r/tifu/top")) == 3  # the third page has none with enough
    assert [seen.params["limit"] for seen in fake_reddit.asked("/r/ProRevenge/top")] == ["100"] * 3 + ["50"]
    assert len(finding.candidates) == 120 + 350


async def test_short_pages_are_no_end(fake_reddit: FakeReddit, local: Settings) -> None:
    fake_reddit.page = 7
    for number in range(20):
        fake_reddit.add("tifu", f"p{number}")
    assert len((await find(local, TIFU)).candidates) == 20


async def test_what_is_left_out_is_counted(fake_reddit: FakeReddit, local: Settings) -> None:
    fake_reddit.add("tifu", "good", title="The good one")
    fake_reddit.add("tifu", "gone", selftext="[removed]")
    fake_reddit.add("tifu", "deleted", author="[deleted]", selftext="[deleted]")
    fake_reddit.add("tifu", "byhand", removed_by_category="moderator")
    fake_reddit.add("tifu", "adult", over_18=True)
    fake_reddit.add("tifu", "quiet", num_comments=3)
    fake_reddit.add("tifu", "dark", title="About suicide")
    fake_reddit.add("tifu", "older", hours=24 * 30)
    finding = await find(local, TIFU)
    assert [one.id for one in finding.candidates] == ["good"]
    assert finding.left_out == {
        "removed or deleted": 3,
        "not safe for work": 1,
        "under 100 comments": 1,
        "with blocked words": 1,
    }
    assert finding.notes() == [
        (
            "7 posts checked, 3 removed or deleted, 1 not safe for work, 1 under 100 comments, "
            "1 with blocked words, 1 selected"
        )
    ]


async def test_filters_can_be_opened(fake_reddit: FakeReddit, local: Settings) -> None:
    fake_reddit.add("tifu", "adult", over_18=True)
    fake_reddit.add("tifu", "dark", title="Update: about suicide", hours=24 * 30)
    options = DiscoverOptions(
        subreddits=("tifu",), nsfw=True, blocklist=False, quality=False, time_filter=TimeFilter.ALL
    )
    finding = await find(local, options)
    assert {one.id: one.quality for one in finding.candidates} == {"adult": 1.0, "dark": 1.0}


async def test_odd_items_do_no_harm(fake_reddit: FakeReddit, local: Settings) -> None:
    fake_reddit.add("tifu", "good")
    fake_reddit.add("tifu", "BAD ID")
    fake_reddit.add("tifu", "odd", ups="many")
    fake_reddit.add("tifu", "link", permalink="javascript:alert(1)", selftext="x" * 600)
    finding = await find(local, TIFU)
    assert {one.id: one.url for one in finding.candidates} == {
        "good": "https://www.reddit.com/r/tifu/comments/good/story_good/",
        "link": "https://www.reddit.com/r/tifu/comments/link/",
    }


async def test_stories_of_the_ledger_are_left_out(fake_reddit: FakeReddit, local: Settings) -> None:
    for name in ("new", "old1", "old2", "old3"):
        fake_reddit.add("tifu", name)
    urls = [
        "https://old.reddit.com/r/tifu/comments/old1/another_title/?utm=1",
        "redd.it/old2",
        "https://www.reddit.com/comments/OLD3",
        "file:///redd.it/new.md",
        "https://www.reddit.com/r/tifu/s/Share1",
    ]
    entries = tuple(
        StoryEntry(story_id=f"{number:016x}", position=number, url=url) for number, url in enumerate(urls, 1)
    )
    with open_ledger(local.ledger) as ledger:
        ledger.apply([BatchStories(batch_id=BATCH, stories=entries, at=at(0))])
    finding = await find(local, TIFU)
    assert [one.id for one in finding.candidates] == ["new"]
    assert finding.left_out == {"already in the ledger": 3}
    everything = await find(local, DiscoverOptions(subreddits=("tifu",), known=True))
    assert len(everything.candidates) == 4


async def test_no_ledger_is_made_by_looking(fake_reddit: FakeReddit, local: Settings, tmp_path: Path) -> None:
    fake_reddit.add("tifu", "new")
    assert len((await find(local, TIFU)).candidates) == 1
    assert not (tmp_path / "ledger.db").exists()


async def test_a_ledger_that_cannot_be_asked_is_said(
    fake_reddit: FakeReddit, local: Settings, tmp_path: Path
) -> None:
    fake_reddit.add("tifu", "new")
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 100)
    with pytest.raises((LedgerUnreachableError, UsageError)):
        await find(local, TIFU)


async def test_the_cache_answers_for_an_hour(
    fake_reddit: FakeReddit, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_reddit.add("tifu", "one")
    await find(local, TIFU)
    asked = len(fake_reddit.seen)
    fake_reddit.add("tifu", "two")
    with monkeypatch.context() as without:
        without.delenv("GT_REDDIT_CLIENT_SECRET")  # what is known needs no credentials
        assert (
            len((await find(local, DiscoverOptions(subreddits=("tifu",), min_upvotes=1500))).candidates) == 1
        )
    assert len(fake_reddit.seen) == asked
    assert len((await find(local, DiscoverOptions(subreddits=("tifu",), cache=False))).candidates) == 2
    assert len((await find(local, TIFU)).candidates) == 2  # the fresh answer is kept


async def test_a_closed_community_does_not_stop_the_others(fake_reddit: FakeReddit, local: Settings) -> None:
    fake_reddit.add("tifu", "one")
    fake_reddit.answers["/r/secret/top"] = Answer(403, {"reason": "private", "error": 403})
    fake_reddit.answers["/r/banned/top"] = Answer(404, {"reason": "banned", "error": 404})
    finding = await find(local, DiscoverOptions(subreddits=("secret", "tifu", "nowhere", "banned")))
    assert [one.id for one in finding.candidates] == ["one"]
    assert finding.problems == (
        "r/secret is private: Reddit does not show it to this app (403)",
        "r/nowhere does not exist on Reddit (302); check its spelling",
        "r/banned was banned by Reddit (404)",
    )


async def test_nothing_but_closed_communities_is_a_mistake(fake_reddit: FakeReddit, local: Settings) -> None:
    with pytest.raises(UsageError, match="r/nowhere does not exist"):
        await find(local, DiscoverOptions(subreddits=("nowhere",)))


async def test_one_token_serves_all(fake_reddit: FakeReddit, local: Settings) -> None:
    names = ("tifu", "ProRevenge", "EntitledPeople", "AmItheAsshole", "relationship_advice", "pettyrevenge")
    for number, name in enumerate(names):
        fake_reddit.add(name, f"p{number}")
    finding = await find(local, DiscoverOptions(subreddits=names))
    assert len(fake_reddit.asked("/api/v1/access_token")) == 1
    assert {one.subreddit for one in finding.candidates} == set(names)


async def test_too_many_requests(fake_reddit: FakeReddit, local: Settings) -> None:
    fake_reddit.add("tifu", "one")
    fake_reddit.answers["/r/tifu/top"] = Answer(429, headers={"x-ratelimit-reset": "400"})
    with pytest.raises(
        RedditUnreachableError, match="no more from this app for 6 min 40 s; try again then"
    ) as caught:
        await find(local, TIFU)
    assert caught.value.exit_code == 3


async def test_requests_run_out_between_two_pages(fake_reddit: FakeReddit, local: Settings) -> None:
    for number in range(150):
        fake_reddit.add("tifu", f"p{number}")
    fake_reddit.rate = {"x-ratelimit-remaining": "0", "x-ratelimit-used": "9", "x-ratelimit-reset": "500"}
    with pytest.raises(RedditUnreachableError, match="no more from this app for 8 min 20 s"):
        await find(local, TIFU)
    assert len(fake_reddit.asked("/r/tifu/top")) == 1
    assert not list((local.state_dir / "discovery").glob("*"))


async def test_missing_credentials(
    fake_reddit: FakeReddit, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GT_REDDIT_CLIENT_ID")
    with pytest.raises(CredentialsRefusedError, match="set GT_REDDIT_CLIENT_ID;"):
        await find(local, TIFU)
    assert fake_reddit.seen == []


def test_the_top_hundred_of_the_default_communities_in_time(fake_reddit: FakeReddit, local: Settings) -> None:
    for place, name in enumerate(DiscoverOptions().subreddits):
        for number in range(300):
            fake_reddit.add(name, f"p{place}x{number}", ups=1000 + number, hours=number / 4 + 1)
    notes: list[str] = []
    begun = time.monotonic()
    found = discover(local, DiscoverOptions(limit=100), notes.append)
    assert time.monotonic() - begun < 15
    assert [one.rank for one in found] == list(range(1, 101))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len(fake_reddit.seen) == 16
    assert notes == ["1500 posts checked, 1400 ranked below these, 100 selected"]


def test_a_list_of_stories(fake_reddit: FakeReddit, local: Settings) -> None:
    fake_reddit.add("tifu", "one", ups=5000)
    fake_reddit.add("tifu", "two")
    reading = reading_of(discover(local, TIFU))
    assert [(story.place, story.canonical) for story in reading.stories] == [
        ("r/tifu #1", "https://www.reddit.com/comments/one/"),
        ("r/tifu #2", "https://www.reddit.com/comments/two/"),
    ]
    assert [story.title for story in reading.stories] == [c.title for c in discover(local, TIFU)]
