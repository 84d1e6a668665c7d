"""URLs and files that name a story: their canonical form and the story's id."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, unquote, unquote_to_bytes, urlsplit

from gt_common.redaction import redact
from gt_common.stories.links import canonical_link
from gt_common.stories.story import POST_PREFIX

STORY_SUFFIXES = (".md", ".txt", ".json")


MAX_URL = 2048


_NAMESPACE = uuid.UUID("6f3b1c52-8f0e-5b5e-9d0a-3f6a7c1d2e4b")


_REDDIT_HOST = re.compile(r"^(?:(?:www|old|new|np|m|i|amp|sh)\.)?reddit\.com$")


_POST = re.compile(
    r"^(?:/(?:r|u|user)/[\w.-]+)?/comments/([a-z0-9]{1,12})(?:/([^/]*))?(?:/.*)?$", re.IGNORECASE
)


# The usual link to a post, without anything that has to be looked at more closely.
_PLAIN_POST = re.compile(
    r"https://(?:(?:www|old)\.reddit\.com/(?:r/[\w.-]{1,100}/)?comments/([a-z0-9]{1,12})(?:/[\w-]{0,300})?/?"
    r"|redd\.it/([a-z0-9]{1,12})/?)",
    re.ASCII,
)


_COMMENT = re.compile(
    r"^(?:/(?:r|u|user)/[\w.-]+)?/comments/[a-z0-9]{1,12}/[^/]*/[a-z0-9]{1,12}/?$", re.IGNORECASE
)


_LINK = re.compile(r"^(?:https?://|(?:[\w-]+\.)?(?:reddit\.com|redd\.it)/)", re.IGNORECASE)


# A link within a link is a value of its query only after "=", as in ?url=https://…
_AFTER_A_LINK = re.compile(r"[\s,;|<>\"]|(?<!=)https?://", re.IGNORECASE)


# Commas and bars may be in a link; a link behind one of them is the next entry.
_AFTER_ANY_LINK = re.compile(r"[\s<>\"]|[,;|]https?://", re.IGNORECASE)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


_GAP = re.compile(rf"\s|{_CONTROL.pattern}")


_GALLERY = re.compile(r"^/gallery/([a-z0-9]{1,12})/?$", re.IGNORECASE)


_SHARE = re.compile(r"^/(r|u|user)/([\w.-]+)/s/([A-Za-z0-9]{4,20})/?$")


_SHORT = re.compile(r"^/([a-z0-9]{1,12})/?$", re.IGNORECASE)


class NotAStoryError(ValueError):
    """The text does not name a story; the reason repeats it without passwords."""

    def __init__(self, reason: str) -> None:
        super().__init__(redact(reason))


def canonical_url(text: str, base: Path, *, any_link: bool = False) -> tuple[str, str]:
    """Return the URL and the canonical URL of a story.

    Parameters:
        text: URL of a Reddit post in any form, a `file:` URL, or the path of a story file
        base: folder of a relative path
        any_link: accept every http(s) link, not only those of Reddit posts

    Raises:
        NotAStoryError: with the reason
    """
    given = text.strip()
    if 0 < len(given) <= MAX_URL:
        _check_single(given, _AFTER_ANY_LINK if any_link else _AFTER_A_LINK)
    if not given or len(given) > MAX_URL or _CONTROL.search(given):
        raise NotAStoryError("not a story URL: empty, over 2,048 characters or with control characters")
    parts = _split(given)
    if parts.scheme in {"http", "https"}:
        return given, _canonical_of_link(parts, given, any_link=any_link)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"}:
            raise NotAStoryError(f"not a story URL: {given} (a file on another host)")
        return _story_file(path_of(parts), given)
    if is_link(given):
        return canonical_url(f"https://{given}", base, any_link=any_link)
    if "://" in given:
        raise NotAStoryError(f"not a story URL: {given}")
    return _story_file(base / _at_home(given), given)


def canonical_of(url: str) -> str | None:
    """Return the canonical form of a story's URL, without access to the disk; None for other texts.

    The URL of a story file is canonical already.
    """
    if post := plain_post(url):
        return post
    if url.startswith("file:"):
        return url
    try:
        return canonical_url(url, Path(), any_link=True)[1] if is_link(url) else None
    except NotAStoryError:
        return None


def is_reddit_post(url: str) -> bool:
    """Whether a story's URL is that of a post on Reddit."""
    if plain_post(url):
        return True
    try:
        return is_link(url) and bool(canonical_url(url, Path()))
    except NotAStoryError:
        return False


def is_other_link(url: str) -> bool:
    """Whether a story's URL is a link, but not that of a post on Reddit."""
    return not url.startswith("file:") and not is_reddit_post(url)


def has_gaps(url: str) -> bool:
    """Whether a URL has white space or control characters, which no URL of a list has."""
    return _GAP.search(url) is not None


def plain_post(text: str) -> str | None:
    """Return the canonical URL of a text that is the usual link to a Reddit post, None for all others.

    Says the same as `canonical_url`, in a tenth of its time.
    """
    match = _PLAIN_POST.fullmatch(text)
    return f"{POST_PREFIX}{match.group(match.lastindex or 1)}/" if match else None


def path_of(url: str | SplitResult) -> Path:
    """Return the path that a `file:` URL names; bytes that are not UTF-8 are kept."""
    parts = urlsplit(url) if isinstance(url, str) else url
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))


def is_link(text: str) -> bool:
    """Whether a text begins as a link does, rather than as the path of a file."""
    return _LINK.match(text) is not None


def is_comment(url: str) -> bool:
    """Whether a link to a Reddit post leads to one of its comments."""
    return is_reddit_post(url) and bool(_COMMENT.match(_split(url).path))


def story_id(batch_id: str, canonical: str) -> str:
    """Return a story's id in its batch; the same batch and story always have the same id."""
    return story_ids(batch_id)(canonical)


def story_ids(batch_id: str) -> Callable[[str], str]:
    """Return the function that gives each story of a batch its id, by its canonical URL.

    The id is the beginning of the version-5 UUID of batch and story: `uuid.uuid5(…).hex[:16]`, RFC 9562.
    """
    begun = hashlib.sha1(_NAMESPACE.bytes + f"{batch_id}\n".encode(), usedforsecurity=False)

    def of(canonical: str) -> str:
        digest = begun.copy()
        digest.update(canonical.encode())
        text = digest.hexdigest()
        return f"{text[:12]}5{text[13:16]}"

    return of


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


def _check_single(given: str, ends: re.Pattern[str]) -> None:
    """Refuse a link with more text behind it, which is perhaps another link."""
    link = _LINK.match(given)
    more = ends.search(given, link.end()) if link else None
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


def _canonical_of_link(parts: SplitResult, given: str, *, any_link: bool) -> str:
    if parts.username is not None or parts.password is not None:
        raise NotAStoryError(
            f"not a story URL: it has a user name or password before {parts.netloc.rpartition('@')[2]}"
        )
    if post := _canonical_post(parts):
        return post
    if not any_link:
        raise NotAStoryError(
            f"not a story URL: {given} (a Reddit post, a redd.it link or a file "
            f"{', '.join(STORY_SUFFIXES)}; --any-url takes other links)"
        )
    if link := canonical_link(parts):
        return link
    raise NotAStoryError(f"not a story URL: {given} (no host, or an invalid port)")


def _canonical_post(parts: SplitResult) -> str | None:
    try:
        host = (parts.hostname or "").lower() if parts.port is None or parts.port else ""
    except ValueError:
        return None
    if host in {"redd.it", "www.redd.it"} and (match := _SHORT.match(parts.path)):
        return f"{POST_PREFIX}{match.group(1).lower()}/"
    if _REDDIT_HOST.match(host):
        if match := _POST.match(parts.path) or _GALLERY.match(parts.path):
            return f"{POST_PREFIX}{match.group(1).lower()}/"
        if match := _SHARE.match(parts.path):
            return f"https://www.reddit.com/{match.group(1)}/{match.group(2).lower()}/s/{match.group(3)}"
    return None


def _at_home(given: str) -> Path:
    try:
        return Path(given).expanduser()
    except RuntimeError:  # ~user without such a user
        raise NotAStoryError(f"story file not found: {given}") from None


def _looked_for(path: Path, given: str) -> str:
    """Name the file that a relative path in a list means: the user may be in another folder."""
    beside_a_list = not given.startswith("file:") and path.absolute() != _at_home(given).absolute()
    return f" (looked for {path})" if beside_a_list else ""


def _story_file(path: Path, given: str) -> tuple[str, str]:
    if path.suffix.lower() not in STORY_SUFFIXES:
        raise NotAStoryError(
            f"not a story URL: {given} (a Reddit post or a file {', '.join(STORY_SUFFIXES)})"
        )
    try:
        resolved = path.resolve()
        found = resolved.is_file()
        beside = "" if found else _looked_for(path, given)
    except (OSError, ValueError):
        raise NotAStoryError(f"story file not found: {given}") from None
    if not found:
        raise NotAStoryError(f"story file not found: {given}{beside}")
    uri = resolved.as_uri()
    return uri, uri
