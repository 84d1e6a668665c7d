"""The search: the best posts of each community, filtered, without known ones, ranked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gt_common.discovery.blocklist import make_blocklist
from gt_common.discovery.cache import Cache
from gt_common.discovery.candidate import Candidate, rank
from gt_common.discovery.filters import keep
from gt_common.discovery.known import known_stories
from gt_common.discovery.options import DiscoverOptions
from gt_common.durations import say_duration
from gt_common.errors import RateLimited, RedditRefusedError, RedditUnreachableError, UsageError
from gt_common.reddit import check_installed
from gt_common.reddit.posts import Asks, RedditPost, top_posts
from gt_common.reddit.settings import RedditSettings, load_reddit_settings
from gt_common.settings import Settings
from gt_common.texts import plural

AT_ONCE = 4
KNOWN = "already in the ledger"


@dataclass(frozen=True)
class Finding:
    """Result of a search.

    Parameters:
        looked_at: number of posts
        left_out: number of posts by reason
        problems: communities that could not be searched, and why
    """

    candidates: tuple[Candidate, ...]
    looked_at: int
    left_out: Mapping[str, int]
    problems: tuple[str, ...]

    def notes(self) -> list[str]:
        """Describe what was searched and left out, one line each."""
        reasons = sorted(self.left_out.items(), key=lambda entry: (-entry[1], entry[0]))
        checked = f"{plural(self.looked_at, 'post')} checked"
        parts = [checked, *(f"{count} {reason}" for reason, count in reasons)]
        return [*self.problems, ", ".join([*parts, f"{len(self.candidates)} selected"])]


async def find_stories(
    settings: Settings, options: DiscoverOptions, reddit: RedditSettings | None = None
) -> Finding:
    """Search; see `gt_common.discovery.find`."""
    reddit = reddit or load_reddit_settings()
    now = datetime.now(UTC)
    blocklist = make_blocklist(options.block_words, built_in=options.blocklist)
    posts, problems = await _collect(settings, options, reddit, now)
    kept, left_out = keep(posts, options, blocklist)
    if not options.known:
        known = await asyncio.to_thread(known_stories, settings, {post.canonical for post in kept})
        left_out[KNOWN] = sum(post.canonical in known for post in kept)
        kept = [post for post in kept if post.canonical not in known]
    candidates = rank(kept, now, quality=options.quality)
    left_out["ranked below these"] = max(0, len(candidates) - options.limit)
    return Finding(tuple(candidates[: options.limit]), len(posts), +Counter(left_out), problems)


async def _collect(
    settings: Settings, options: DiscoverOptions, reddit: RedditSettings, now: datetime
) -> tuple[list[RedditPost], tuple[str, ...]]:
    """Return the posts of all communities, from the cache or Reddit, and the problems with the others."""
    cache = Cache(settings.state_dir / "discovery", reddit.api)
    posts: list[RedditPost] = []
    missing: list[str] = []
    for name in options.subreddits:
        found = cache.get(name, options, now) if options.cache else None
        posts.extend(found or ())
        if found is None:
            missing.append(name)
    if not missing:
        return posts, ()
    problems: list[str] = []
    for name, answer in zip(missing, await _ask(missing, options, reddit), strict=True):
        if isinstance(answer, RedditRefusedError):
            problems.append(str(answer))
            continue
        posts.extend(answer)
        cache.put(name, options, answer, now)
    if len(problems) == len(options.subreddits):
        raise UsageError("; ".join(problems))
    return posts, tuple(problems)


async def _ask(
    names: list[str], options: DiscoverOptions, reddit: RedditSettings
) -> list[tuple[RedditPost, ...] | RedditRefusedError]:
    """Fetch each community from Reddit, a few at the same time."""
    check_installed()
    from gt_common.reddit.client import open_reddit  # not needed if everything is in the cache

    slots = asyncio.Semaphore(AT_ONCE)
    async with open_reddit(reddit) as client:
        tasks = [asyncio.create_task(_ask_one(client, name, options, slots)) for name in names]
        try:
            return await asyncio.gather(*tasks)
        except RateLimited as error:
            wait = say_duration(error.retry_after)
            raise RedditUnreachableError(
                f"too many requests: Reddit accepts no more from this app for {wait}; try again then"
            ) from None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _ask_one(
    client: Asks, name: str, options: DiscoverOptions, slots: asyncio.Semaphore
) -> tuple[RedditPost, ...] | RedditRefusedError:
    async with slots:
        try:
            return await top_posts(
                client, name, options.time_filter.value, depth=options.depth, floor=options.min_upvotes
            )
        except RedditRefusedError as error:
            return error
