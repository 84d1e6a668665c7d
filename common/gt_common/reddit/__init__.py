"""Access to Reddit: credentials, a rate-limited client, posts. Importing it loads no HTTP library."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gt_common.errors import CredentialsRefusedError, UsageError
from gt_common.stories.urls import is_reddit_post

if TYPE_CHECKING:
    from gt_common.reddit.pace import Pace
    from gt_common.reddit.posts import RedditPost as RedditPost
    from gt_common.reddit.settings import RedditSettings as RedditSettings

__all__ = ["check_installed", "fetch_post", "fetch_post_text", "why_not_fetched"]


def check_installed() -> None:
    """Check that the library for Reddit is installed.

    Raises:
        UsageError: it is not installed
    """
    if find_spec("asyncpraw") is None:
        raise UsageError("Reddit needs asyncpraw, which is not installed: pip install 'gt-common[reddit]'")


def why_not_fetched(urls: Iterable[str]) -> str:
    """Return why this machine cannot fetch these stories; empty if it can, or if none is on Reddit.

    Raises:
        UsageError: a setting for Reddit is invalid
    """
    count = links = 0
    for url in urls:
        count += 1
        links += is_reddit_post(url)
    if not links:
        return ""
    from gt_common.reddit.settings import load_reddit_settings

    try:
        load_reddit_settings().credentials()
    except CredentialsRefusedError as error:
        are = "is a Reddit link" if links == 1 else "are Reddit links"
        share = "the story" if count == 1 else f"{links} of {count} stories"
        return f"{share} {are}, and {error}"
    return ""


async def fetch_post(
    post: str, settings: RedditSettings | None = None, *, pace: Pace | None = None
) -> RedditPost:
    """Fetch one post.

    Parameters:
        post: its id, or its URL in any form that a list of stories accepts, including share links
        settings: None reads them from the environment and `.env`
        pace: what fetches several posts keeps to the limits of Reddit with

    Raises:
        PermanentError: not a Reddit post, or the post does not exist or is not shown
        RateLimited: Reddit asked to wait
        CredentialsRefusedError: the credentials are missing or refused
        RedditUnreachableError: Reddit does not answer properly
        UsageError: asyncpraw is not installed
    """
    check_installed()
    from gt_common.reddit.fetch import fetch

    return await fetch(post, settings, pace)


def fetch_post_text(url: str, settings: RedditSettings | None = None) -> tuple[str, str]:
    """Fetch the title and the text of a post, blocking; the text is the original Markdown.

    Called from async code it blocks the event loop, so call it in a thread there.

    Raises:
        PermanentError: as `fetch_post`, or the post was removed or has no text
        RateLimited, CredentialsRefusedError, RedditUnreachableError: as `fetch_post`
    """
    check_installed()
    from gt_common.reddit.fetch import fetch_text

    return fetch_text(url, settings)
