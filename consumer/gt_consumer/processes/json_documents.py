"""Finds JSON objects in the lines that a program prints, also those printed over several lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

MAX_DOCUMENT: Final = 64 * 1024
"""Bytes of a document over several lines; a longer one is ordinary output."""

_TOKEN = re.compile(rb'\s*(?:"(?:[^"\\]|\\.)*"|[-+.0-9eE]+|true|false|null|[\[\]{}:,])')

_OUTSIDE: Final = (0, b"")

OnLines = Callable[[list[bytes]], None]


class JsonDocuments:
    """Passes on each line alone, but the lines of one JSON object together.

    An object over several lines begins at the beginning of a line, and each of its lines has nothing but JSON
    on it, as `json.dumps(…, indent=2)` and `jq` print it.

    Parameters:
        on_lines: receives one line, or all lines of an object
    """

    def __init__(self, on_lines: OnLines) -> None:
        self._on_lines = on_lines
        self._lines: list[bytes] = []
        self._size = 0
        self._state = _OUTSIDE

    def feed(self, line: bytes) -> None:
        """Take the next line."""
        if not self._continues(line):
            self.end()
            if not self._continues(line):
                self._on_lines([line])

    def end(self) -> None:
        """Pass on the lines of an object that has no end, one by one."""
        for line in self._take():
            self._on_lines([line])

    def _continues(self, line: bytes) -> bool:
        """Take a line if it begins or continues an object."""
        if self._size + len(line) > MAX_DOCUMENT or not (self._lines or line.lstrip().startswith(b"{")):
            return False
        state = _scan(line, *self._state)
        if state is None:
            return False
        self._lines.append(line)
        self._size += len(line)
        self._state = state
        if not state[0]:
            self._on_lines(self._take())
        return True

    def _take(self) -> list[bytes]:
        lines, self._lines = self._lines, []
        self._size, self._state = 0, _OUTSIDE
        return lines


def _scan(line: bytes, depth: int, before: bytes) -> tuple[int, bytes] | None:
    """Return how many brackets are open after a line of JSON, and its last token; None if it is not JSON.

    In the outermost object a value that opens a bracket follows a colon: so a `{` that a program prints for
    itself is not taken for the beginning of the messages that it prints next.
    """
    for token in _tokens(line):
        if token is None:
            return None
        if token in (b"{", b"["):
            if depth == 1 and before != b":":
                return None
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        if depth < 0:
            return None
        before = token
    return depth, before


def _tokens(line: bytes) -> Iterator[bytes | None]:
    """Yield the tokens of a line, and None where something else is."""
    place, end = 0, len(line.rstrip())
    while place < end:
        match = _TOKEN.match(line, place)
        if match is None:
            yield None
            return
        yield match.group().lstrip()
        place = match.end()
