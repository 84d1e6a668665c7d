"""Posts as they are in Reddit's JSON, and the pages of a community's best posts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, Protocol

from pydantic import AwareDatetime, Field, ValidationError

from gt_common.errors import RedditUnreachableError
from gt_common.reddit.text import PostText

PAGE = 100
WWW = "https://www.reddit.com"
_PERMALINK = re.compile(r"/(?:r|u|user)/[\w.-]+/comments/[a-z0-9]{1,12}/(?:[^/\s]*/?)?")

TimeFilter = Literal["hour", "day", "week", "month", "year", "all"]


class Asks(Protocol):
    """Returns the JSON at a path; `RedditClient` is one."""

    async def get(self, path: str, what: str, params: dict[str, str | int]) -> object:
        """Return the JSON at a path."""


class RedditPost(PostText):
    """One post, with the names of Reddit's JSON.

    Parameters:
        ups, num_comments: as Reddit counts them
        upvote_ratio: share of upvotes, 0 to 1
    """

    id: str = Field(pattern=r"^[a-z0-9]{1,12}$")
    subreddit: str = Field(pattern=r"^[\w.-]{1,64}$")
    permalink: str = ""
    ups: int = 0
    num_comments: int = 0
    upvote_ratio: float | None = None
    created_utc: AwareDatetime
    over_18: bool = False
    stickied: bool = False

    @property
    def url(self) -> str:
        """Its URL on the website."""
        if _PERMALINK.fullmatch(self.permalink):
            return f"{WWW}{self.permalink}"
        return f"{WWW}/r/{self.subreddit}/comments/{self.id}/"

    @property
    def canonical(self) -> str:
        """The form that lists and the ledger compare; see `gt_common.stories.canonical_url`."""
        return f"{WWW}/comments/{self.id}/"

    def age_hours(self, now: datetime) -> float:
        """Return its age in hours."""
        return max(0.0, (now - self.created_utc).total_seconds() / 3600)


async def top_posts(
    client: Asks, subreddit: str, time_filter: TimeFilter, *, depth: int, floor: int
) -> tuple[RedditPost, ...]:
    """Yield the best posts of a community, best first, page by page.

    Parameters:
        depth: most posts to return; Reddit itself ends a listing after 1,000
        floor: stop after a page on which no post has this many upvotes

    Raises:
        RedditRefusedError, RateLimited, CredentialsRefusedError, RedditUnreachableError: as for the client
    """
    found: dict[str, RedditPost] = {}
    after: str | None = None
    looked_at = 0
    while looked_at < depth:
        params: dict[str, str | int] = {"t": time_filter, "limit": min(PAGE, depth - looked_at)}
        if after is not None:
            params |= {"after": after, "count": looked_at}
        page, following = read_listing(await client.get(f"r/{subreddit}/top", f"r/{subreddit}", params))
        looked_at += len(page)
        posts = [post for item in page if (post := read_post(item)) is not None]
        found |= {post.id: post for post in posts}
        if following in {None, after} or all(post.ups < floor for post in posts):
            break
        after = following
    return tuple(found.values())


def read_listing(answer: object) -> tuple[list[object], str | None]:
    """Return the items of a listing's page, and the name that the next page follows.

    Raises:
        RedditUnreachableError: it is not a listing
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(children, list):
        raise RedditUnreachableError("Reddit's answer is not a list of posts; check GT_REDDIT_URL")
    after = data.get("after")
    return children, after if isinstance(after, str) and after else None


def read_post(item: object) -> RedditPost | None:
    """Parse a `t3` object of a listing; None if it is something else or incomplete."""
    if not isinstance(item, dict) or item.get("kind") != "t3":
        return None
    try:
        return RedditPost.model_validate(item.get("data"))
    except ValidationError:
        return None
