"""Stories in the order in which people read them, without keeping them in memory."""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from gt_common.lifecycle import StoryStatus
from gt_common.report.view import reading_rank

Item = TypeVar("Item")

_IN_MEMORY: Final = 4 * 1024 * 1024
_LENGTH: Final = 4
_TOGETHER: Final = 200
"""Items of a status that are written at once."""


class ReadingOrder(Generic[Item]):
    """Takes an item per story in the order of the list; gives them back with failures first.

    Items are texts, bytes, numbers, and tuples and lists of them. Use it as a context manager.
    """

    def __init__(self) -> None:
        self._files: dict[StoryStatus, SpooledTemporaryFile[bytes]] = {}
        self._new: dict[StoryStatus, list[Item]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, status: StoryStatus, item: Item) -> None:
        """Take the item of a story."""
        if (new := self._new.get(status)) is None:
            new = self._new[status] = []
        new.append(item)
        if len(new) >= _TOGETHER:
            self._keep(status, new)

    def _keep(self, status: StoryStatus, new: list[Item]) -> None:
        if (file := self._files.get(status)) is None:
            file = self._files[status] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with self
            self._stack.enter_context(file)
        data = marshal.dumps(new)
        file.write(len(data).to_bytes(_LENGTH) + data)
        new.clear()

    def __iter__(self) -> Iterator[Item]:
        """Yield the items."""
        for status in sorted(self._new, key=reading_rank):
            if file := self._files.get(status):
                file.seek(0)
                while length := file.read(_LENGTH):
                    yield from marshal.loads(file.read(int.from_bytes(length)))  # noqa: S302 - its own file
            yield from self._new[status]
