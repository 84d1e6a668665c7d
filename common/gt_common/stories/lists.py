"""Reads lists of stories: plain text or JSON lines, with the problems of each line."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gt_common.errors import InvalidListError
from gt_common.redaction import names_secret
from gt_common.stories.urls import NotAStoryError, canonical_url, is_comment, is_link

MAX_LINES = 100_000
_NOTE = re.compile(r"\s+#")


@dataclass(frozen=True)
class Story:
    """One story of a list.

    Parameters:
        url: as given (a file as its absolute `file://` URL)
        canonical: the form that is equal for equal stories
        place: where it was found, such as `urls.txt:14`
        options: the orchestrator's options of this story
        title: as `clean_title` returns it; None while it is not known
    """

    url: str
    canonical: str
    place: str
    options: dict[str, object] = field(default_factory=dict)
    title: str | None = None


@dataclass(frozen=True)
class ListReading:
    """The stories of a list in order, each once; repeated stories; and entries that are not stories.

    Parameters:
        notes: what a user might not expect of an entry that is a story, each with its place
    """

    stories: tuple[Story, ...]
    repeated: tuple[tuple[Story, Story], ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


class _Collection:
    """A reading while it is put together; a story counts once, with the options of its first entry."""

    def __init__(self) -> None:
        self._stories: dict[str, Story] = {}
        self._repeated: list[tuple[Story, Story]] = []
        self.problems: list[str] = []
        self.notes: list[str] = []

    def add(self, story: Story) -> None:
        """Add a story; one whose own options would be lost is a problem."""
        first = self._stories.setdefault(story.canonical, story)
        if first is story:
            return
        if story.options and story.options != first.options:
            self.problems.append(
                f"{story.place}: same story as {first.place} with other options; a batch makes one video "
                "of a story, so put it into another batch"
            )
        else:
            self._repeated.append((story, first))

    def include(self, reading: ListReading) -> None:
        """Add all of another reading."""
        self._repeated.extend(reading.repeated)
        self.problems.extend(reading.problems)
        self.notes.extend(reading.notes)
        for story in reading.stories:
            self.add(story)

    def reading(self) -> ListReading:
        """Return what was added."""
        stories, repeated = tuple(self._stories.values()), tuple(self._repeated)
        return ListReading(stories, repeated, tuple(self.problems), tuple(self.notes))


def read_list(lines: Iterable[str], source: str, base: Path, *, jsonl: bool = False) -> ListReading:
    """Read a whole list of stories, before any of them is used.

    Parameters:
        lines: one story per line, or `{"url": …, "options": {…}}`; blank lines, lines that start with `#`
            and notes behind ` # ` are ignored
        source: the list's name for messages, such as `urls.txt`
        base: folder of relative paths
        jsonl: every line has to be a JSON object

    Raises:
        InvalidListError: the list is too long
    """
    found = _Collection()
    last = 0
    for number, line in _content(lines):
        last = number
        if number > MAX_LINES:
            continue
        place = f"{source}:{number}"
        try:
            story = _read_line(line, place, base, jsonl=jsonl)
        except NotAStoryError as error:
            found.problems.append(f"{place}: {error}")
            continue
        found.add(story)
        found.notes.extend(notes_of(story))
    if last > MAX_LINES:
        raise InvalidListError(
            f"{source}: the list has {last:,} lines, at most {MAX_LINES:,} are allowed; "
            "split it and pass each part with -f"
        )
    return found.reading()


def notes_of(story: Story) -> tuple[str, ...]:
    """Return what a user might not expect of this entry."""
    if not is_comment(story.url):
        return ()
    return (f"{story.place}: a link to a comment; the video is made of its post, {story.canonical}",)


def merge(readings: Iterable[ListReading]) -> ListReading:
    """Merge several readings in order; a story in two lists counts once."""
    found = _Collection()
    for reading in readings:
        found.include(reading)
    return found.reading()


def read_list_file(path: Path) -> ListReading:
    """Read a list file; each line of a `.jsonl` or `.ndjson` file is a JSON object.

    Paths are relative to the file's folder; to the working folder if it is a pipe, as in `-f <(…)`.

    Raises:
        InvalidListError: the file cannot be read, or is too long
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            base = path.parent.resolve() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else Path.cwd()
            # Not splitlines, which also splits at characters that are allowed inside a JSON string.
            lines = file.read().split("\n")
    except UnicodeDecodeError:
        raise InvalidListError(f"{path}: not a UTF-8 text file") from None
    except OSError as error:
        raise InvalidListError(f"{path}: cannot be read: {error.strerror}") from None
    return read_list(lines, str(path), base, jsonl=path.suffix.lower() in {".jsonl", ".ndjson"})


def _content(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def _read_line(line: str, place: str, base: Path, *, jsonl: bool) -> Story:
    if jsonl or line.startswith("{"):  # no story begins with a brace
        text, options = _read_json_line(line)
        return Story(*canonical_url(text, base), place, options)
    return Story(*_without_note(line, base), place)


def _without_note(line: str, base: Path) -> tuple[str, str]:
    """Return the URL and the canonical URL of a line; a file's name may have a ` #` of its own."""
    cuts = [line[: match.start()] for match in _NOTE.finditer(line)]
    if is_link(line):
        return canonical_url(cuts[0] if cuts else line, base)
    for text in (line, *reversed(cuts[1:])):
        if cuts:
            with suppress(NotAStoryError):
                return canonical_url(text, base)
    return canonical_url(cuts[0] if cuts else line, base)


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
            f'the option "{secret}" is refused, because keys and passwords are never sent in messages; '
            "set them on the workers"
        )
    unknown = sorted(set(record) - {"url", "options"})
    if unknown:
        raise NotAStoryError(f'unknown key "{unknown[0]}"; use "url" and "options"')
    return record["url"], options
