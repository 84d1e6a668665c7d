"""URLs and files that name a story: their canonical form and the story's id."""

from __future__ import annotations

import os
import re
import unicodedata
import uuid
from pathlib import Path
from urllib.parse import SplitResult, unquote, unquote_to_bytes, urlsplit

STORY_SUFFIXES = (".md", ".txt", ".json")


MAX_URL = 2048


_NAMESPACE = uuid.UUID("6f3b1c52-8f0e-5b5e-9d0a-3f6a7c1d2e4b")


_REDDIT_HOST = re.compile(r"^(?:(?:www|old|new|np|m|i|amp|sh)\.)?reddit\.com$")


_POST = re.compile(
    r"^(?:/(?:r|u|user)/[\w.-]+)?/comments/([a-z0-9]{1,12})(?:/([^/]*))?(?:/.*)?$", re.IGNORECASE
)


_COMMENT = re.compile(
    r"^(?:/(?:r|u|user)/[\w.-]+)?/comments/[a-z0-9]{1,12}/[^/]*/[a-z0-9]{1,12}/?$", re.IGNORECASE
)


_LINK = re.compile(r"^(?:https?://|(?:[\w-]+\.)?(?:reddit\.com|redd\.it)/)", re.IGNORECASE)


# A link within a link is a value of its query only after "=", as in ?url=https://…
_AFTER_A_LINK = re.compile(r"[\s,;|<>\"]|(?<!=)https?://", re.IGNORECASE)


_CONTROL = re.compile(r"[\x00-\x1f]")


_GALLERY = re.compile(r"^/gallery/([a-z0-9]{1,12})/?$", re.IGNORECASE)


_SHARE = re.compile(r"^/(r|u|user)/([\w.-]+)/s/([A-Za-z0-9]{4,20})/?$")


_SHORT = re.compile(r"^/([a-z0-9]{1,12})/?$", re.IGNORECASE)


class NotAStoryError(ValueError):
    """The text does not name a story."""


def canonical_url(text: str, base: Path) -> tuple[str, str]:
    """Return the URL and the canonical URL of a story.

    Parameters:
        text: URL of a Reddit post in any form, a `file:` URL, or the path of a story file
        base: folder of a relative path

    Raises:
        NotAStoryError: with the reason
    """
    given = text.strip()
    if 0 < len(given) <= MAX_URL:
        _check_single(given)
    if not given or len(given) > MAX_URL or _CONTROL.search(given):
        raise NotAStoryError("not a story URL: empty, over 2,048 characters or with control characters")
    parts = _split(given)
    if parts.scheme in {"http", "https"}:
        return given, _canonical_reddit(parts, given)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"}:
            raise NotAStoryError(f"not a story URL: {given} (a file on another host)")
        return _story_file(path_of(parts), given)
    if is_link(given):
        return canonical_url(f"https://{given}", base)
    if "://" in given:
        raise NotAStoryError(f"not a story URL: {given}")
    return _story_file(base / _at_home(given), given)


def path_of(url: str | SplitResult) -> Path:
    """Return the path that a `file:` URL names; bytes that are not UTF-8 are kept."""
    parts = urlsplit(url) if isinstance(url, str) else url
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))


def is_link(text: str) -> bool:
    """Whether a text begins as a link does, rather than as the path of a file."""
    return _LINK.match(text) is not None


def is_comment(url: str) -> bool:
    """Whether a link to a Reddit post leads to one of its comments."""
    return not url.startswith("file:") and bool(_COMMENT.match(_split(url).path))


def story_id(batch_id: str, canonical: str) -> str:
    """Return a story's id in its batch; the same batch and story always have the same id."""
    return uuid.uuid5(_NAMESPACE, f"{batch_id}\n{canonical}").hex[:16]


def slug(url: str, title: str | None = None) -> str:
    """Return a short name of a story for file names: letters, digits and hyphens only.

    Parameters:
        title: what it is named after, if any of its letters can be in such a name
    """
    if title and (name := _slug_of(_plain(title))):
        return name
    parts = urlsplit(url)
    post = _POST.match(parts.path) if parts.scheme != "file" else None
    name = (post.group(2) or post.group(1)) if post else Path(unquote(parts.path)).stem
    return _slug_of(name) or "story"


def _slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")


def _plain(title: str) -> str:
    """Return a title without apostrophes and accents."""
    letters = unicodedata.normalize("NFKD", re.sub("['\u2019]", "", title))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _check_single(given: str) -> None:
    """Refuse a link with more text behind it, which is perhaps another link."""
    link = _LINK.match(given)
    more = _AFTER_A_LINK.search(given, link.end()) if link else None
    if more:
        raise NotAStoryError(
            f"there is more on this line than {given[: more.start()]}: write one link per line; "
            'a note goes behind " # "'
        )


def _split(given: str) -> SplitResult:
    try:
        return urlsplit(given)
    except ValueError:
        raise NotAStoryError(f"not a story URL: {given}") from None


def _canonical_reddit(parts: SplitResult, given: str) -> str:
    try:
        host = (parts.hostname or "").lower() if parts.port is None or parts.port else ""
    except ValueError:
        host = ""
    if parts.username is not None or parts.password is not None:
        raise NotAStoryError(f"not a story URL: it has a user name or password before {host}")
    if host in {"redd.it", "www.redd.it"} and (match := _SHORT.match(parts.path)):
        return f"https://www.reddit.com/comments/{match.group(1).lower()}/"
    if _REDDIT_HOST.match(host):
        if match := _POST.match(parts.path) or _GALLERY.match(parts.path):
            return f"https://www.reddit.com/comments/{match.group(1).lower()}/"
        if match := _SHARE.match(parts.path):
            return f"https://www.reddit.com/{match.group(1)}/{match.group(2).lower()}/s/{match.group(3)}"
    raise NotAStoryError(
        f"not a story URL: {given} (a Reddit post, a redd.it link or a file {', '.join(STORY_SUFFIXES)})"
    )


def _at_home(given: str) -> Path:
    try:
        return Path(given).expanduser()
    except RuntimeError:  # ~user without such a user
        raise NotAStoryError(f"story file not found: {given}") from None


def _story_file(path: Path, given: str) -> tuple[str, str]:
    if path.suffix.lower() not in STORY_SUFFIXES:
        raise NotAStoryError(
            f"not a story URL: {given} (a Reddit post or a file {', '.join(STORY_SUFFIXES)})"
        )
    try:
        resolved = path.resolve()
        if not resolved.is_file():
            raise NotAStoryError(f"story file not found: {given}")
    except (OSError, ValueError):
        raise NotAStoryError(f"story file not found: {given}") from None
    uri = resolved.as_uri()
    return uri, uri
