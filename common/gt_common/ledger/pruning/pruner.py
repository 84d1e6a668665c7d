"""Prunes batches step by step; between the steps other writers have their turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection

from gt_common.ledger.database import Database
from gt_common.ledger.pruning import removal, space
from gt_common.ledger.pruning.candidates import Age, OldBatch
from gt_common.ledger.pruning.space import Space

Result = TypeVar("Result")

ROWS_AT_FIRST: Final = 500
"""Rows of a table that the first transaction deletes; later ones as many as take about STEP_S."""
STEP_S: Final = 0.05
"""Seconds that other writers may have to wait for a transaction."""
_FEWEST, _MOST = 100, 5000
_REST_S: Final = 0.003


class Pruner:
    """Removes batches from a ledger; `Ledger.pruner` makes it.

    Every method raises LedgerUnreachableError or CredentialsRefusedError when the database cannot be used,
    or when this user may not delete.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._worked_s = 0.0

    def claim(self, planned: OldBatch, age: Age) -> bool:
        """Write the tombstone of a batch; return False if it has changed since it was read.

        From then on readers do not see the batch, and its events are dropped.
        """
        return self._write(lambda connection: removal.claim(connection, planned, age))

    def remove_rows(self, batch_id: str) -> None:
        """Remove everything of a batch that has a tombstone, also what a stopped run left."""
        done = False
        while not done:
            for table in removal.TABLES:
                self._empty(partial(removal.delete_rows, table, batch_id))
            self._empty(partial(removal.bury_stories, batch_id))
            done = self._write(lambda connection: removal.complete(connection, batch_id))

    def note_videos_removed(self, batch_id: str, now: datetime) -> None:
        """Note in the tombstone of a batch that its videos are gone."""
        self._write(lambda connection: removal.note_videos_removed(connection, batch_id, now))

    def give_back(self, *, rewrite: bool = False) -> Space:
        """Return free space to the file system, as far as the database can do that beside others.

        Parameters:
            rewrite: copy the whole SQLite file once; meanwhile nobody else can write
        """
        return space.give_back(self._database, self._rest, rewrite=rewrite)

    def _empty(self, step: Callable[[int, Connection], int]) -> None:
        """Repeat a step until it finds fewer rows than it may take."""
        found = most = rows = ROWS_AT_FIRST
        while found >= most:
            most = rows
            found = self._write(partial(step, most))
            # At most twice as many as before, because a single measurement may be wrong.
            pace = STEP_S / max(self._worked_s, STEP_S / 2)
            rows = max(_FEWEST, min(_MOST, round(most * pace)))

    def _write(self, step: Callable[[Connection], Result]) -> Result:
        with self._database.writing() as connection:
            begun = time.monotonic()
            result = step(connection)
        self._worked_s = time.monotonic() - begun
        self._rest(self._worked_s)
        return result

    def _rest(self, worked_s: float) -> None:
        """Let others write: SQLite has no queue of writers, so it takes a while without one."""
        if self._database.address.sqlite:
            time.sleep(max(_REST_S, worked_s))
