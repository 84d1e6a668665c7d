"""Fetches one post by its URL, for orchestrators that narrate it."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

from gt_common.errors import PermanentError, RedditMissingError, RedditRefusedError, StoryGoneError
from gt_common.reddit.client import RedditClient, open_reddit
from gt_common.reddit.pace import Pace
from gt_common.reddit.posts import WWW, RedditPost, read_listing, read_post
from gt_common.reddit.settings import RedditSettings, load_reddit_settings
from gt_common.stories import NotAStoryError, canonical_url

_ID = re.compile(r"[a-z0-9]{1,12}", re.IGNORECASE)
_LOGIN = re.compile(r"/(?:account/)?(?:login|register)(?:/|$)")
_CANONICAL = re.compile(r"/comments/([a-z0-9]+)/")


async def fetch(post: str, settings: RedditSettings | None, pace: Pace | None = None) -> RedditPost:
    """Fetch one post; see `gt_common.reddit.fetch_post`."""
    bare = _ID.fullmatch(post.strip())
    canonical = f"{WWW}/comments/{bare.group().lower()}/" if bare else _canonical(post)
    async with open_reddit(settings or load_reddit_settings(), pace=pace) as client:
        try:
            name = _id_of(canonical) or await _resolve(client, canonical)
            answer = await client.get(f"comments/{name}", f"the post {name}", {"limit": 1, "depth": 1})
        except RedditRefusedError as error:
            missing = isinstance(error, RedditMissingError)
            raise (StoryGoneError if missing else PermanentError)(str(error)) from None
    # The answer has two listings: the post and its comments.
    items, _ = read_listing(answer[0] if isinstance(answer, list) and answer else answer)
    found = read_post(items[0]) if items else None
    if found is None:
        raise StoryGoneError(f"there is no post {name} on Reddit, or it is not shown to this app")
    return found


def fetch_text(url: str, settings: RedditSettings | None) -> tuple[str, str]:
    """Fetch title and text, blocking; see `gt_common.reddit.fetch_post_text`."""
    # In its own thread, because the caller's may already run an event loop.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reddit") as thread:
        post = thread.submit(asyncio.run, fetch(url, settings)).result()
    return post.narration(post.url)


async def _resolve(client: RedditClient, share: str) -> str:
    """Return the id of the post behind a share link, `/r/NAME/s/CODE`."""
    target = await client.location(urlsplit(share).path, share)
    login = _login(target) if target is not None else None
    name = _id_of_post(target if login is None else login)
    if name is not None:
        return name
    if target is not None and login is None:
        raise PermanentError(f"the share link does not lead to a post: {share}")
    page = "its login page" if target is not None else "a page"
    raise PermanentError(
        f"Reddit answers the share link {share} with {page} instead of the post: open it in a browser "
        "and use the post's own address, https://www.reddit.com/r/NAME/comments/ID/"
    )


def _login(target: str) -> str | None:
    """Return where a login page leads afterwards, perhaps ""; None if it is not one."""
    try:
        parts = urlsplit(urljoin(WWW, target))
    except ValueError:
        return None
    if not _LOGIN.match(parts.path):
        return None
    return next(iter(parse_qs(parts.query).get("dest", [])), "")


def _id_of_post(target: str | None) -> str | None:
    try:
        return _id_of(_canonical(urljoin(WWW, target))) if target else None
    except (ValueError, PermanentError):
        return None


def _canonical(text: str) -> str:
    if urlsplit(text).scheme == "file":
        raise PermanentError(f"not a Reddit post: {text}")
    try:
        return canonical_url(text, Path())[1]
    except NotAStoryError as error:
        raise PermanentError(str(error)) from None


def _id_of(canonical: str) -> str | None:
    match = _CANONICAL.search(canonical)
    return match.group(1) if match else None
