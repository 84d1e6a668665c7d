"""Text to show: safe on a terminal, short enough, with the right plural."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

MAX_TITLE: Final = 200
"""Characters; a longer title is cut."""

# C0 and C1 controls (terminal escapes begin with one) and marks that turn the direction of text.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """Return a text as one line, without the characters that could steer a terminal."""
    if text.isascii() and text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text  # as most are
    return _CONTROLS.sub("", " ".join(text.split()))


def without_controls(text: str) -> str:
    """Return a text of several lines without the characters that could steer a terminal."""
    return _CONTROLS.sub("", text.replace("\r", "\n"))


def truncate(text: str, width: int) -> str:
    """Shorten a text to a number of characters, the last of which is then an ellipsis."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def clean_title(text: str) -> str | None:
    """Return the title of a story as one short line without control characters; None if nothing is left."""
    encodable = text[: 10 * MAX_TITLE].encode(errors="replace").decode()
    return truncate(one_line(without_controls(encodable)), MAX_TITLE) or None


def plural(number: int, noun: str) -> str:
    """Format a number of things: `1 story`, `2 stories`, `0 dead letters`.

    Parameters:
        noun: in the singular, with a regular plural
    """
    if number == 1:
        return f"1 {noun}"
    if re.search("[^aeiou]y$", noun):
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}es" if noun.endswith(("ch", "sh", "s", "x")) else f"{number} {noun}s"


def utc_text(when: datetime) -> str:
    """Format an aware time as JSON documents have it: ISO 8601 in UTC, `2026-03-01T12:00:00Z`."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def short_path(path: str | Path) -> str:
    """Return a path as people want to read and copy it: relative, if it is below the current folder."""
    place, here = Path(path), Path.cwd()
    return str(place.relative_to(here)) if place != here and place.is_relative_to(here) else str(path)


def by_whom(name: str, reason: str | None) -> str:
    """Format who did something and, if it is known, why: `anna: wrong list`."""
    return one_line(f"{name}: {reason}" if reason else name)


def nearest(word: str, known: Collection[str], alike: float) -> str | None:
    """Return the known word that was probably meant: one of the same letters, else the most similar one.

    Parameters:
        alike: how similar it must be, 0 to 1
    """
    from difflib import get_close_matches

    swapped = [one for one in known if sorted(one) == sorted(word)]
    return next(iter(swapped or get_close_matches(word, known, 1, alike)), None)
