"""Stories in lists: which texts name a story, which of them name the same one, and what its id is."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from gt_common.errors import InvalidListError
from gt_common.failures import names_secret

STORY_SUFFIXES = (".md", ".txt", ".json")
MAX_URL = 2048
MAX_LINES = 100_000

_NAMESPACE = uuid.UUID("6f3b1c52-8f0e-5b5e-9d0a-3f6a7c1d2e4b")
_REDDIT_HOST = re.compile(r"^(?:(?:www|old|new|np|m|i|amp|sh)\.)?reddit\.com$")
_POST = re.compile(
    r"^(?:/(?:r|u|user)/[\w.-]+)?/comments/([a-z0-9]{1,12})(?:/([^/]*))?(?:/.*)?$", re.IGNORECASE
)
_GALLERY = re.compile(r"^/gallery/([a-z0-9]{1,12})/?$", re.IGNORECASE)
_SHARE = re.compile(r"^/(r|u|user)/([\w.-]+)/s/([A-Za-z0-9]{4,20})/?$")
_SHORT = re.compile(r"^/([a-z0-9]{1,12})/?$", re.IGNORECASE)


class NotAStoryError(ValueError):
    """The text names no story."""


@dataclass(frozen=True)
class Story:
    """One story of a list.

    Parameters:
        url: as it was given (a file as its absolute `file://` URL)
        canonical: the form by which the same story is recognised
        place: where it was read, such as `urls.txt:14`
        options: the orchestrator's options of this story
    """

    url: str
    canonical: str
    place: str
    options: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ListReading:
    """What was read: the stories in order, each once; the repeated ones; and what is no story, by place."""

    stories: tuple[Story, ...]
    repeated: tuple[tuple[Story, Story], ...]
    problems: tuple[str, ...]


def canonical_url(text: str, base: Path) -> tuple[str, str]:
    """Give (url, canonical url) of a story.

    Parameters:
        text: a Reddit post's address in any of its forms, a `file:` URL, or a path of a story file
        base: the folder to which a relative path belongs

    Raises:
        NotAStoryError: with the reason
    """
    given = text.strip()
    if not given or len(given) > MAX_URL or any(ord(char) < 32 for char in given):
        raise NotAStoryError("not a story URL: empty, over 2,048 characters or with control characters")
    parts = _split(given)
    if parts.scheme in {"http", "https"}:
        return given, _canonical_reddit(parts, given)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"}:
            raise NotAStoryError(f"not a story URL: {given} (a file of another host)")
        return _story_file(Path(unquote(parts.path)), given)
    if re.match(r"^(?:[\w-]+\.)?(?:reddit\.com|redd\.it)/", given, re.IGNORECASE):
        return canonical_url(f"https://{given}", base)
    if "://" in given:
        raise NotAStoryError(f"not a story URL: {given}")
    return _story_file(base / _at_home(given), given)


def story_id(batch_id: str, canonical: str) -> str:
    """Give a story's id within its batch: the same batch and story always give the same id."""
    return uuid.uuid5(_NAMESPACE, f"{batch_id}\n{canonical}").hex[:16]


def slug(url: str) -> str:
    """Give a short name of a story that is safe in file names: letters, digits and hyphens only."""
    parts = urlsplit(url)
    post = _POST.match(parts.path) if parts.scheme != "file" else None
    name = (post.group(2) or post.group(1)) if post else Path(unquote(parts.path)).stem
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "story"


def read_list(lines: Iterable[str], source: str, base: Path, *, jsonl: bool = False) -> ListReading:
    """Read a list of stories, whole, before anything is done with it.

    Parameters:
        lines: one story per line; blank lines and those that begin with `#` are passed over
        source: the list's name for messages, such as `urls.txt`
        base: the folder to which relative paths belong
        jsonl: each line is `{"url": …, "options": {…}}`
    """
    stories: dict[str, Story] = {}
    repeated: list[tuple[Story, Story]] = []
    problems: list[str] = []
    for number, line in _content(lines):
        place = f"{source}:{number}"
        if number > MAX_LINES:
            problems.append(f"{place}: a list may have {MAX_LINES} lines at most")
            break
        try:
            story = _read_line(line, place, base, jsonl=jsonl)
        except NotAStoryError as error:
            problems.append(f"{place}: {error}")
            continue
        first = stories.setdefault(story.canonical, story)
        if first is not story:
            repeated.append((story, first))
    return ListReading(tuple(stories.values()), tuple(repeated), tuple(problems))


def merge(readings: Iterable[ListReading]) -> ListReading:
    """Make one reading of several, in order; a story of two lists counts once."""
    stories: dict[str, Story] = {}
    repeated: list[tuple[Story, Story]] = []
    problems: list[str] = []
    for reading in readings:
        repeated.extend(reading.repeated)
        problems.extend(reading.problems)
        for story in reading.stories:
            first = stories.setdefault(story.canonical, story)
            if first is not story:
                repeated.append((story, first))
    return ListReading(tuple(stories.values()), tuple(repeated), tuple(problems))


def read_list_file(path: Path) -> ListReading:
    """Read a list file; `.jsonl` lines carry options.

    Raises:
        InvalidListError: the file cannot be read
    """
    try:
        # Not splitlines: it also cuts at characters that may stand within a JSON string.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise InvalidListError(f"{path}: not a text file in UTF-8") from None
    except OSError as error:
        raise InvalidListError(f"{path}: cannot be read: {error.strerror}") from None
    return read_list(lines, str(path), path.parent.resolve(), jsonl=path.suffix.lower() == ".jsonl")


def _content(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def _read_line(line: str, place: str, base: Path, *, jsonl: bool) -> Story:
    options: dict[str, object] = {}
    text = line
    if jsonl:
        text, options = _read_json_line(line)
    url, canonical = canonical_url(text, base)
    return Story(url, canonical, place, options)


def _read_json_line(line: str) -> tuple[str, dict[str, object]]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise NotAStoryError('not a JSON object such as {"url": "…", "options": {}}') from None
    if not isinstance(record, dict):
        raise NotAStoryError('no JSON object; write {"url": "…", "options": {}}')
    if "url" not in record:
        raise NotAStoryError('no "url" in the JSON object')
    if not isinstance(record["url"], str):
        raise NotAStoryError('"url" is no text')
    options = {} if record.get("options") is None else record["options"]
    if not isinstance(options, dict):
        raise NotAStoryError('"options" is no JSON object')
    if secret := next((name for name in options if names_secret(name)), None):
        raise NotAStoryError(
            f'option "{secret}": keys and passwords never travel; set them where workers run'
        )
    unknown = sorted(set(record) - {"url", "options"})
    if unknown:
        raise NotAStoryError(f'unknown key "{unknown[0]}"; "url" and "options" are known')
    return record["url"], options


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
    except RuntimeError:  # ~user of nobody
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
