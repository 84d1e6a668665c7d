"""How many stories a batch has at each status, kept with the fold, so that nobody counts a large batch again.

`gt_version.counted` is the version of the ledger up to which the counts are kept. It stays behind when a
program of an earlier version writes; then readers count the stories themselves, and the next writer counts
all of them once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, delete, func, insert, literal, select, text, update

from gt_common.ledger.schema import counts, stories, version
from gt_common.lifecycle import StoryState, StoryStatus

_Key = tuple[str, StoryStatus]
"""Batch id and status."""
_ADD: Final = text(
    f"INSERT INTO {counts} (batch_id, status, number, changes) VALUES (:batch, :status, :more, :version) "  # noqa: S608
    f"ON CONFLICT (batch_id, status) DO UPDATE SET number = {counts}.number + excluded.number, "
    "changes = excluded.changes"
)


@dataclass
class CountChanges:
    """By how much numbers of stories have changed; 0 where only the stories themselves have."""

    _of: dict[_Key, int] = field(default_factory=lambda: defaultdict(int))

    def note(self, batch_id: str, before: StoryState | None, after: StoryState) -> None:
        """Note that a story has changed.

        Parameters:
            before: None for a new one
        """
        self._of[batch_id, after.status] += 1
        if before is not None:
            self._of[batch_id, before.status] -= 1

    def write(self, connection: Connection) -> None:
        """Write them, with a new version of the ledger."""
        number, counted = connection.execute(select(version.c.number, version.c.counted)).one()
        if counted != number:
            _count_all(connection, number + 1)
        elif self._of:
            changes = [
                {"batch": batch_id, "status": status.value, "more": more, "version": number + 1}
                for (batch_id, status), more in self._of.items()
            ]
            connection.execute(_ADD, changes)
        connection.execute(update(version).values(number=number + 1, counted=number + 1))


def note_version(connection: Connection) -> None:
    """Note that the ledger has changed, but no story of a batch that is shown."""
    connection.execute(update(version).values(number=version.c.number + 1, counted=version.c.counted + 1))


def _count_all(connection: Connection, number: int) -> None:
    connection.execute(delete(counts))
    columns = (stories.c.batch_id, stories.c.status)
    found = select(*columns, func.count(), literal(number)).group_by(*columns)
    connection.execute(insert(counts).from_select(["batch_id", "status", "number", "changes"], found))
