"""How many stories a batch has at each status, kept with the fold, so that nobody counts a large batch again.

`gt_version.counted` is the version of the ledger up to which the counts are kept. It stays behind when a
program of an earlier version writes; then readers count the stories themselves, and the next writer counts
all of them once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, literal, select, update

from gt_common.ledger.plain import parts
from gt_common.ledger.schema import counts, stories, version
from gt_common.lifecycle import StoryState

_Key = tuple[str, str]
"""Batch id and status."""


@dataclass
class CountChanges:
    """By how much numbers of stories have changed; 0 where only the stories themselves have."""

    _of: dict[_Key, int] = field(default_factory=lambda: defaultdict(int))

    def note(self, batch_id: str, before: StoryState | None, after: StoryState) -> None:
        """Note that a story has changed.

        Parameters:
            before: None for a new one
        """
        self._of[batch_id, after.status.value] += 1
        if before is not None:
            self._of[batch_id, before.status.value] -= 1

    def write(self, connection: Connection) -> None:
        """Write them, with a new version of the ledger."""
        number, counted = connection.execute(select(version.c.number, version.c.counted)).one()
        if counted == number:
            self._add(connection, number + 1)
        else:
            _count_all(connection, number + 1)
        connection.execute(update(version).values(number=number + 1, counted=number + 1))

    def _add(self, connection: Connection, number: int) -> None:
        stored: set[_Key] = set()
        for ids in parts(list(dict.fromkeys(batch_id for batch_id, _ in self._of))):
            found = select(counts.c.batch_id, counts.c.status).where(counts.c.batch_id.in_(ids))
            stored.update((batch_id, status) for batch_id, status in connection.execute(found))
        known: list[dict[str, str | int]] = []
        new: list[dict[str, str | int]] = []
        for (batch_id, status), change in self._of.items():
            row: dict[str, str | int] = {"batch": batch_id, "at": status, "more": change, "changes": number}
            (known if (batch_id, status) in stored else new).append(row)
        if known:
            same = and_(counts.c.batch_id == bindparam("batch"), counts.c.status == bindparam("at"))
            values = {"number": counts.c.number + bindparam("more"), "changes": bindparam("changes")}
            connection.execute(update(counts).where(same).values(values), known)
        if new:
            names = {"batch": "batch_id", "at": "status", "more": "number", "changes": "changes"}
            connection.execute(insert(counts), [{names[key]: row[key] for key in names} for row in new])


def note_version(connection: Connection) -> None:
    """Note that the ledger has changed, but no story of a batch that is shown."""
    connection.execute(update(version).values(number=version.c.number + 1, counted=version.c.counted + 1))


def _count_all(connection: Connection, number: int) -> None:
    connection.execute(delete(counts))
    columns = (stories.c.batch_id, stories.c.status)
    found = select(*columns, func.count(), literal(number)).group_by(*columns)
    connection.execute(insert(counts).from_select(["batch_id", "status", "number", "changes"], found))
