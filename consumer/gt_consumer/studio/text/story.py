"""Loads stories: a Reddit post, a text file, or a post's JSON on this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gt_common.errors import PermanentError
from gt_common.reddit import fetch_post_text
from gt_common.reddit.posts import is_gone
from gt_common.stories import path_of

SUFFIXES = (".md", ".txt", ".json")
MAX_BYTES = 2_000_000


@dataclass(frozen=True)
class Story:
    """A story as it was written.

    Parameters:
        title: may be empty
        text: paragraphs separated by blank lines
        source: its URL
    """

    title: str
    text: str
    source: str


def load_story(url: str) -> Story:
    """Load the story of a URL; this blocks.

    Raises:
        PermanentError: there is no such story, or it can never be told
        RateLimited, CredentialsRefusedError, RedditUnreachableError: Reddit does not return the post now
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise PermanentError(f"not a story URL: {url!r}: {error}") from None
    if parts.scheme in {"http", "https"}:
        title, body = fetch_post_text(url)
        return Story(title.strip(), body.strip(), url)
    if parts.scheme != "file":
        raise PermanentError(f"the studio reads Reddit posts and files {', '.join(SUFFIXES)}, not {url!r}")
    path = path_of(parts)
    text = _read(path)
    title, body = _from_json(text, path) if path.suffix.lower() == ".json" else _from_text(text)
    if is_gone(body) or is_gone(title):
        raise PermanentError(f"the post was removed or deleted, nothing is left to tell: {path}")
    if not any(c.isalpha() for c in body):
        raise PermanentError(f"the story has no text, only a title, a link or a picture: {path}")
    return Story(title.strip(), body.strip(), url)


def _read(path: Path) -> str:
    if path.suffix.lower() not in SUFFIXES:
        raise PermanentError(f"the studio reads {', '.join(SUFFIXES)} files, not {path.name!r}")
    if not path.is_file():
        raise PermanentError(f"story file not found on this machine: {path}")
    if path.stat().st_size > MAX_BYTES:
        raise PermanentError(f"story file is larger than {MAX_BYTES // 1_000_000} MB: {path}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PermanentError(
            f"story file is not UTF-8 (byte {error.start}): {path}; save it as UTF-8"
        ) from None
    if not text.strip():
        raise PermanentError(f"story file is empty: {path}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _from_text(text: str) -> tuple[str, str]:
    first, _, rest = text.strip().partition("\n")
    if first.startswith("# "):
        return first[2:], rest
    return "", text


def _from_json(text: str, path: Path) -> tuple[str, str]:
    try:
        post = _find_post(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise PermanentError(f"story file is not JSON: {path}: {error}") from None
    if post is None:
        raise PermanentError(f"no Reddit post in {path}: expected a t3 object with title and selftext")
    if post.get("removed_by_category"):
        raise PermanentError(f"the post was removed or deleted, nothing is left to tell: {path}")
    return str(post.get("title") or ""), str(post.get("selftext") or "")


def _find_post(data: object) -> dict[str, object] | None:
    """Return the post of a listing, a list of listings (post and comments), a t3 object or a bare post."""
    if isinstance(data, list):
        return next((found for entry in data if (found := _find_post(entry))), None)
    if not isinstance(data, dict):
        return None
    kind, inner = data.get("kind"), data.get("data")
    if kind == "Listing" and isinstance(inner, dict):
        return _find_post(inner.get("children"))
    if kind is not None:
        return inner if kind == "t3" and isinstance(inner, dict) else None
    return data if "title" in data or "selftext" in data else None
