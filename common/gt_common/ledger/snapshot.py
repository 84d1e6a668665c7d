"""A whole batch as it was at one moment, however long it takes to show it.

While a transaction reads, SQLite's `-wal` file cannot be taken into the database and grows with every commit
(sqlite.org/wal.html). So the transaction only copies the rows; they are decoded and shown afterwards. What
does not fit into a few megabytes is copied into a temporary file without a name.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Final, Self

from gt_common.errors import OutputError
from gt_common.ledger.plain import Plain, Row
from gt_common.ledger.queries.batches import BatchHead, read_head, read_stories, state_of
from gt_common.ledger.unchecked_stories import UncheckedStory, read_unchecked
from gt_common.lifecycle import StoryState

IN_MEMORY: Final = 16 * 1024 * 1024
"""Bytes above which rows are kept on the disk."""
_LENGTH: Final = 8


class Snapshot:
    """A batch and its stories as they were at one moment; close it, or use it as a context manager."""

    def __init__(self, head: BatchHead) -> None:
        self.head = head
        self.size = 0
        self._file = SpooledTemporaryFile[bytes](IN_MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stories(self) -> Iterator[StoryState | UncheckedStory]:
        """Yield the stories in the order of the list.

        Raises:
            UsageError: a newer version stored one of them
        """
        self._file.seek(0)
        while length := self._file.read(_LENGTH):
            for row in marshal.loads(self._file.read(int.from_bytes(length))):  # noqa: S302 - its own file
                yield read_unchecked(row) or state_of(row)

    def close(self) -> None:
        """Delete what is kept on the disk."""
        self._file.close()

    def add(self, rows: list[Row]) -> None:
        """Keep rows.

        Raises:
            OutputError: the folder for temporary files is full
        """
        data = marshal.dumps([tuple(row) for row in rows])
        try:
            self._file.write(len(data).to_bytes(_LENGTH) + data)
        except OSError as error:
            raise OutputError(
                f"a batch of this size needs room for temporary files: {error.strerror}; "
                "make room, or set TMPDIR to another folder"
            ) from None
        self.size += len(rows)


def read_snapshot(plain: Plain, batch_id: str) -> Snapshot:
    """Copy a batch.

    Raises:
        NoSuchBatchError: the ledger has no event of it
        OutputError: the folder for temporary files is full
    """
    snapshot = Snapshot(read_head(plain, batch_id))
    try:
        for rows in read_stories(plain, batch_id):
            snapshot.add(rows)
    except BaseException:
        snapshot.close()
        raise
    return snapshot
