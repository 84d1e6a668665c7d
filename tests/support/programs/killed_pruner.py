"""A process that prunes batch `a`, killed without warning after a number of its writes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

from sqlalchemy import Connection

from gt_common.ledger import open_ledger
from gt_common.ledger.database import Database
from gt_common.ledger.pruning.candidates import Age

_writing = Database.writing


def main(url: str, writes: int, now: str) -> int:
    """Prune, and be killed."""
    left = writes

    @contextmanager
    def writing(database: Database) -> Iterator[Connection]:
        nonlocal left
        with _writing(database) as connection:
            yield connection
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    when = datetime.fromisoformat(now)
    with (
        open_ledger(url) as ledger,
        patch.object(Database, "writing", writing),
        patch("gt_common.ledger.pruning.pruner._MOST", 500),
    ):
        pruner, age = ledger.pruner(), Age(when - timedelta(days=90), when)
        for found in ledger.old_batches(age):
            if found.batch_id == "a":
                pruner.claim(found, age)
        pruner.remove_rows("a")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
