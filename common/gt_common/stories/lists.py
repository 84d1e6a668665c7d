"""Reads lists of stories: plain text or JSON lines, with the problems of each line."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TextIO

from gt_common.errors import InvalidListError
from gt_common.stories.json_lines import read_json_line
from gt_common.stories.local import given_name
from gt_common.stories.repeats import Repeat, Repeats
from gt_common.stories.story import Story, StoryTable, shortened
from gt_common.stories.urls import NotAStoryError, canonical_url, is_comment, is_link, plain_post

MAX_LINES = 1_000_000
MAX_LINE = 1_000_000
"""Characters; a message of a story may have an eighth of that."""
_LINES_BETWEEN = 5_000
_NOTE = re.compile(r"\s+#")

OnLines = Callable[[int], None]
"""Called now and then while a list is read, with the number of lines so far."""


@dataclass(frozen=True)
class ListReading:
    """The stories of a list in order, each once; repeated stories; and entries that are not stories.

    Parameters:
        repeated: each with the entry that counts
        notes: what a user might not expect of an entry that is a story, each with its place
    """

    stories: Sequence[Story]
    repeated: Sequence[Repeat]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was read at all."""
        return not (self.stories or self.repeated or self.problems or self.notes)


class _Collection:
    """A reading while it is put together; a story counts once, with the options of its first entry."""

    def __init__(self) -> None:
        self._stories = StoryTable()
        self._numbers: dict[str, int] = {}
        self._repeated = Repeats()
        self.problems: list[str] = []
        self.notes: list[str] = []

    def add_plain(self, url: str, canonical: str, source: str, line: int) -> None:
        """Add a story that is only the usual link to a Reddit post."""
        number = self._numbers.setdefault(shortened(canonical), len(self._stories))
        if number == len(self._stories):
            self._stories.append_plain(url, canonical, source, line)
        else:
            self._repeated.add(Story(url, canonical, f"{source}{line}"), self._stories[number])

    def add(self, story: Story) -> None:
        """Add a story; one whose own options would be lost is a problem."""
        number = self._numbers.setdefault(shortened(story.canonical), len(self._stories))
        if number == len(self._stories):
            self._stories.append(story)
            return
        first = self._stories[number]
        if _own(story) and _own(story) != _own(first):
            self.problems.append(
                f"{story.place}: same story as {first.place} with other options; a batch makes one video "
                "of a story, so put it into another batch"
            )
        else:
            self._repeated.add(story, first)

    def include(self, reading: ListReading) -> None:
        """Add all of another reading."""
        for again, first in reading.repeated:
            self._repeated.add(again, first)
        self.problems.extend(reading.problems)
        self.notes.extend(reading.notes)
        for story in reading.stories:
            self.add(story)

    def reading(self) -> ListReading:
        """Return what was added."""
        return ListReading(self._stories, self._repeated, tuple(self.problems), tuple(self.notes))


def make_story(text: str, base: Path, place: str, *, any_link: bool = False) -> Story:
    """Return the story of one entry of a list; for the parameters see `canonical_url`.

    Raises:
        NotAStoryError: with the reason
    """
    url, canonical = canonical_url(text, base, any_link=any_link)
    return Story(url, canonical, place, given=given_name(text.strip(), url))


def read_list(
    lines: Iterable[str],
    source: str,
    base: Path,
    *,
    jsonl: bool = False,
    any_link: bool = False,
    on_lines: OnLines = lambda _count: None,
) -> ListReading:
    """Read a whole list of stories, before any of them is used.

    Parameters:
        lines: one story per line, or `{"url": …, "options": {…}, "start_after": …, "priority": …}`; blank
            lines, lines that start with `#` and notes behind ` # ` are ignored
        source: the list's name for messages, such as `urls.txt`
        base: folder of relative paths
        jsonl: every line has to be a JSON object
        any_link: accept every http(s) link, not only those of Reddit posts
        on_lines: called every few thousand lines with their number so far

    Raises:
        InvalidListError: the list is too long
    """
    found = _Collection()
    for number, line in _content(lines, source, on_lines):
        if not jsonl and (canonical := plain_post(line)):
            found.add_plain(line, canonical, f"{source}:", number)
            continue
        place = f"{source}:{number}"
        try:
            story = _read_line(line, place, base, jsonl=jsonl, any_link=any_link)
        except NotAStoryError as error:
            found.problems.append(f"{place}: {error}")
            continue
        found.add(story)
        found.notes.extend(notes_of(story))
    return found.reading()


def notes_of(story: Story) -> tuple[str, ...]:
    """Return what a user might not expect of this entry."""
    if plain_post(story.url) or not is_comment(story.url):
        return ()
    return (f"{story.place}: a link to a comment; the video is made of its post, {story.canonical}",)


def merge(readings: Iterable[ListReading]) -> ListReading:
    """Merge several readings in order; a story in two lists counts once."""
    first: ListReading | None = None
    found: _Collection | None = None
    for reading in readings:
        if reading.empty:
            continue
        if first is None:
            first = reading
            continue
        if found is None:
            found = _Collection()
            found.include(first)
        found.include(reading)
    if found is None and first is not None and isinstance(first.stories, StoryTable):
        return first  # so that a long list is not copied
    if found is None:
        found = _Collection()
        found.include(first or found.reading())
    return found.reading()


def read_list_file(
    path: Path, on_lines: OnLines = lambda _count: None, *, any_link: bool = False
) -> ListReading:
    """Read a list file; each line of a `.jsonl` or `.ndjson` file is a JSON object.

    Paths are relative to the file's folder; to the working folder if it is a pipe, as in `-f <(…)`.

    Raises:
        InvalidListError: the file cannot be read, or it or a line of it is too long
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            base = path.parent.resolve() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else Path.cwd()
            jsonl = path.suffix.lower() in {".jsonl", ".ndjson"}
            lines = lines_of(file, str(path))
            return read_list(lines, str(path), base, jsonl=jsonl, any_link=any_link, on_lines=on_lines)
    except UnicodeDecodeError:
        raise InvalidListError(f"{path}: not a UTF-8 text file") from None
    except OSError as error:
        raise InvalidListError(f"{path}: cannot be read: {error.strerror}") from None


def lines_of(file: TextIO, source: str) -> Iterator[str]:
    """Yield the lines of a list; a file without line breaks need not have an end.

    Raises:
        InvalidListError: a line is too long
    """
    read = partial(file.readline, MAX_LINE + 1)
    for number, line in enumerate(iter(read, ""), start=1):
        if len(line) > MAX_LINE:
            raise InvalidListError(f"{source}:{number}: a line of more than {MAX_LINE:,} characters")
        yield line


def _content(lines: Iterable[str], source: str, on_lines: OnLines) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, with their numbers.

    Raises:
        InvalidListError: there are too many; the rest is not read, it may have no end
    """
    for number, line in enumerate(lines, start=1):
        if not number % _LINES_BETWEEN:
            on_lines(number)
        text = line.strip()
        is_content = bool(text) and not text.startswith("#")
        # Blank lines and comments behind the last story do no harm, unless they have no end.
        if number > MAX_LINES and (is_content or number > 2 * MAX_LINES):
            raise InvalidListError(
                f"{source}: the list has more than {MAX_LINES:,} lines; split it and pass each part with -f"
            )
        if is_content:
            yield number, text


def _read_line(line: str, place: str, base: Path, *, jsonl: bool, any_link: bool) -> Story:
    if jsonl or line.startswith("{"):  # no story begins with a brace
        record = read_json_line(line)
        story = make_story(record.url, base, place, any_link=any_link)
        return replace(
            story, options=record.options, start_after=record.start_after, priority=record.priority
        )
    return _without_note(line, place, base, any_link=any_link)


def _without_note(line: str, place: str, base: Path, *, any_link: bool) -> Story:
    """Return the story of a line; a file's name may have a ` #` of its own."""
    cuts = [line[: match.start()] for match in _NOTE.finditer(line)]
    if not is_link(line):
        for text in (line, *reversed(cuts[1:])):
            if cuts:
                with suppress(NotAStoryError):
                    return make_story(text, base, place)
    return make_story(cuts[0] if cuts else line, base, place, any_link=any_link)


def _own(story: Story) -> tuple[object, ...] | None:
    """Return what a line says of its story beside the URL; None if it says nothing."""
    own = (story.options, story.start_after, story.priority)
    return own if any(own) else None
