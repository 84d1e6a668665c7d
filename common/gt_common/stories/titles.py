"""Titles of stories, as far as a list of them knows: for reports, displays and names of files."""

from __future__ import annotations

import codecs
import html
import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from gt_common.errors import PermanentError
from gt_common.files import open_below
from gt_common.stories.lists import ListReading
from gt_common.stories.local import story_path
from gt_common.stories.story import Story, StoryTable
from gt_common.texts import clean_title

_HEADING: Final = "# "
_FRONT_MATTER: Final = re.compile(
    r"\A\s*---[ \t]*\n(?:[\w -]+:.*\n|[ \t]+\S.*\n|- .*\n|#.*\n|[ \t]*\n)+?(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)
_TITLE_OF_MATTER: Final = re.compile(r"^title:[ \t]*(\S.*)$", re.MULTILINE)
_TEXT_BYTES: Final = 4 * 1024
_JSON_BYTES: Final = 64 * 1024
_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}":,]', re.DOTALL)
# The keys above a post's own: a post alone, a t3 object, a listing. Lists add none.
_POSTS: Final = frozenset({(), ("data",), ("data", "children", "data")})


def split_heading(text: str) -> tuple[str, str]:
    """Return a story's title and the rest of its text.

    The title is the first line if it is a heading, else the `title:` of front matter, else empty. Front
    matter
    (`---`, lines `key: value`, `---`) is not part of the text.
    """
    matter = _FRONT_MATTER.match(text)
    text = text[matter.end() :] if matter else text
    first, _, rest = text.strip().partition("\n")
    if first.startswith(_HEADING):
        return first.removeprefix(_HEADING), rest
    named = _TITLE_OF_MATTER.search(matter.group()) if matter else None
    return (named.group(1).strip("\"' ") if named else ""), text


def with_titles(reading: ListReading, roots: Sequence[Path]) -> ListReading:
    """Return a list whose story files have their titles; of each file only the beginning is read.

    Parameters:
        roots: folders below which story files may be read; files elsewhere stay without a title
    """
    if isinstance(reading.stories, StoryTable) and not reading.stories.has_files:
        return reading
    return replace(reading, stories=StoryTable(_with_title(story, roots) for story in reading.stories))


def _with_title(story: Story, roots: Sequence[Path]) -> Story:
    if story.title is not None or not story.url.startswith("file:"):
        return story
    try:
        path = story_path(story.url)
        title = _read_title(path, roots) if path is not None else None
    except (OSError, ValueError, PermanentError):  # the error of reading the whole story says more
        return story
    return story if title is None else replace(story, title=title)


def _read_title(path: Path, roots: Sequence[Path]) -> str | None:
    is_json = path.suffix.lower() == ".json"
    opened = open_below(path, roots)
    if opened is None:
        return None
    try:
        content = os.read(opened, _JSON_BYTES if is_json else _TEXT_BYTES)
    finally:
        os.close(opened)
    # The last character may be cut in two.
    text = codecs.getincrementaldecoder("utf-8-sig")().decode(content)
    return clean_title(_title_of_post(text) if is_json else split_heading(_with_newlines(text))[0])


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _title_of_post(text: str) -> str:
    """Return the title of the first Reddit post in the beginning of a JSON document; empty without one."""
    above: list[str | None] = []  # for each open object or list, the key at which it is; None within a list
    key: str | None = None
    last = ""
    for match in _JSON_TOKEN.finditer(text):
        piece = match.group()
        if piece == '"':  # a string that goes on behind the end
            return ""
        if piece == ":":
            key, last = last, ""
        elif piece in "[{":
            above.append(key)
            key, last = None, ""
        elif piece in "]}":
            if above:
                above.pop()
            key, last = None, ""
        elif piece == ",":
            key, last = None, ""
        elif key == '"title"' and tuple(json.loads(at) for at in above if at) in _POSTS:
            return html.unescape(json.loads(piece, strict=False))
        else:
            last = piece
    return ""
