"""Reads lines from pipes and sockets, which are always drained; memory is bounded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

MAX_LINE = 64 * 1024

_BREAKS = re.compile(rb"[\r\n]+")


class LineSplitter:
    """Splits chunks into lines. What exceeds `limit` bytes of a line is dropped."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk and return the lines that it completes, without empty ones."""
        # A carriage return ends a line too; otherwise a progress bar would be one endless line.
        first, *others = _BREAKS.split(chunk)
        head = (self._rest + first)[: self._limit]
        if not others:
            self._rest = head
            return []
        *middle, last = others
        self._rest = last[: self._limit]
        return [line for line in (head, *(part[: self._limit] for part in middle)) if line]

    def end(self) -> list[bytes]:
        """Return the last line if it had no line break."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


class LineProtocol(asyncio.Protocol):
    """Passes each line of a pipe or socket to `on_line`; `ended` is done at its end."""

    def __init__(self, on_line: Callable[[bytes], None]) -> None:
        self._on_line = on_line
        self._splitter = LineSplitter()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Pass on the lines that the data completes."""
        for line in self._splitter.feed(data):
            self._on_line(line)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on the last line."""
        for line in self._splitter.end():
            self._on_line(line)
        if not self.ended.done():
            self.ended.set_result(None)
