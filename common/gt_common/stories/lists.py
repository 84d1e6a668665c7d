"""Reads lists of stories: plain text or JSON lines, with the problems of each line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gt_common.errors import InvalidListError
from gt_common.redaction import names_secret
from gt_common.stories.urls import NotAStoryError, canonical_url

MAX_LINES = 100_000


@dataclass(frozen=True)
class Story:
    """One story of a list.

    Parameters:
        url: as given (a file as its absolute `file://` URL)
        canonical: the form that is equal for equal stories
        place: where it was found, such as `urls.txt:14`
        options: the orchestrator's options of this story
    """

    url: str
    canonical: str
    place: str
    options: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ListReading:
    """The stories of a list in order, each once; repeated stories; and entries that are not stories."""

    stories: tuple[Story, ...]
    repeated: tuple[tuple[Story, Story], ...]
    problems: tuple[str, ...]


def read_list(lines: Iterable[str], source: str, base: Path, *, jsonl: bool = False) -> ListReading:
    """Read a whole list of stories, before any of them is used.

    Parameters:
        lines: one story per line; blank lines and lines that start with `#` are ignored
        source: the list's name for messages, such as `urls.txt`
        base: folder of relative paths
        jsonl: each line is `{"url": …, "options": {…}}`
    """
    stories: dict[str, Story] = {}
    repeated: list[tuple[Story, Story]] = []
    problems: list[str] = []
    for number, line in _content(lines):
        place = f"{source}:{number}"
        if number > MAX_LINES:
            problems.append(f"{place}: a list can have at most {MAX_LINES} lines")
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
    """Merge several readings in order; a story in two lists counts once."""
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
    """Read a list file; lines of a `.jsonl` file have options.

    Raises:
        InvalidListError: the file cannot be read
    """
    try:
        # Not splitlines, which also splits at characters that are allowed inside a JSON string.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise InvalidListError(f"{path}: not a UTF-8 text file") from None
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
        raise NotAStoryError('not a JSON object; write {"url": "…", "options": {}}')
    if "url" not in record:
        raise NotAStoryError('no "url" in the JSON object')
    if not isinstance(record["url"], str):
        raise NotAStoryError('"url" is not a string')
    options = {} if record.get("options") is None else record["options"]
    if not isinstance(options, dict):
        raise NotAStoryError('"options" is not a JSON object')
    if secret := next((name for name in options if names_secret(name)), None):
        raise NotAStoryError(
            f'option "{secret}": keys and passwords are never sent in messages; set them on the workers'
        )
    unknown = sorted(set(record) - {"url", "options"})
    if unknown:
        raise NotAStoryError(f'unknown key "{unknown[0]}"; use "url" and "options"')
    return record["url"], options
