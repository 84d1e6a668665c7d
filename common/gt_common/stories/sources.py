"""Where a list of stories comes from: arguments, list files, standard input."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gt_common.errors import InvalidListError, UsageError
from gt_common.stories import (
    ListReading,
    NotAStoryError,
    OnLines,
    merge,
    notes_of,
    read_list,
    read_list_file,
)
from gt_common.stories.lists import lines_of, make_story

STANDARD_INPUT = "-"
_LONGEST_GUESS = 1_000_000


@dataclass(frozen=True)
class Sources:
    """Sources given on the command line.

    Parameters:
        urls: stories, one per argument
        files: list files; `-` is standard input
        any_link: whether every http(s) link may be a story, not only a Reddit post
    """

    urls: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    any_link: bool = False


def read_sources(
    sources: Sources, stdin: BinaryIO, folder: Path, on_lines: OnLines = lambda _count: None
) -> ListReading:
    """Read all sources, files before arguments; a story that is named twice counts once.

    Parameters:
        folder: folder of relative paths in arguments and standard input
        on_lines: called every few thousand lines of a list with their number so far

    Raises:
        UsageError: no source is given, or standard input twice
        InvalidListError: a list cannot be read
    """
    if not sources.urls and not sources.files:
        raise UsageError("no stories given; pass URLs, or a list with -f FILE (- reads standard input)")
    if sources.files.count(STANDARD_INPUT) > 1:
        raise UsageError("standard input can be read only once; pass -f - once")
    return merge(_readings(sources, stdin, folder, on_lines))


def read_sources_and_search(
    sources: Sources,
    search: Callable[[], ListReading] | None,
    stdin: BinaryIO,
    folder: Path,
    on_lines: OnLines = lambda _count: None,
) -> ListReading:
    """Read all sources, then add what a search finds, if one is wanted.

    Raises:
        UsageError, InvalidListError: as `read_sources`; with a search no source is needed
    """
    readings = []
    if sources.urls or sources.files or search is None:
        readings.append(read_sources(sources, stdin, folder, on_lines))
    if search is not None:
        readings.append(search())
    return merge(readings)


def _readings(sources: Sources, stdin: BinaryIO, folder: Path, on_lines: OnLines) -> Iterator[ListReading]:
    for name in sources.files:
        if name == STANDARD_INPUT:
            yield _read_stream(stdin, folder, on_lines, any_link=sources.any_link)
        else:
            yield read_list_file(Path(name), on_lines, any_link=sources.any_link)
    yield _read_arguments(sources, folder)


def _read_stream(stream: BinaryIO, folder: Path, on_lines: OnLines, *, any_link: bool) -> ListReading:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig")
    try:
        lines = lines_of(text, "standard input")
        return read_list(lines, "standard input", folder, any_link=any_link, on_lines=on_lines)
    except UnicodeDecodeError:
        raise InvalidListError("standard input: not UTF-8 text") from None
    finally:
        text.detach()


def _read_arguments(sources: Sources, folder: Path) -> ListReading:
    readings = []
    for number, text in enumerate(sources.urls, start=1):
        place = f"argument {number}"
        if _is_list(folder / text):
            problem = f"{place}: {text} is a list of stories; pass it with -f {text}"
            readings.append(ListReading((), (), (problem,)))
            continue
        try:
            story = make_story(text, folder, place, any_link=sources.any_link)
        except NotAStoryError as error:
            readings.append(ListReading((), (), (f"{place}: {error}",)))
        else:
            readings.append(ListReading((story,), (), (), notes_of(story)))
    return merge(readings)


def _is_list(path: Path) -> bool:
    """Whether a file given as a story contains only names of stories, because `-f` was forgotten."""
    try:
        if path.suffix.lower() != ".txt" or not path.is_file() or path.stat().st_size > _LONGEST_GUESS:
            return False
        reading = read_list_file(path)
    except (InvalidListError, OSError, ValueError):
        return False
    return bool(reading.stories) and not reading.problems
