"""The lock under which a command compares its list with the batches of this machine and records its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from gt_common.cli.listing import say
from gt_common.errors import UsageError
from gt_common.files import locked

PLANNING_S: Final = 60.0
"""Seconds to wait for another process that plans its batch."""


@contextmanager
def lock_planning(folder: Path, program: str) -> Iterator[None]:
    """Let one process at a time compare its list and record its batch.

    Otherwise two that begin at the same time would both make the stories of one list.

    Parameters:
        folder: an existing folder within GT_STATE_DIR
        program: the command that plans, for messages

    Raises:
        UsageError: another process has held the lock for too long
        OSError: the lock's file cannot be opened
    """
    deadline = time.monotonic() + PLANNING_S
    told = False
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(folder / ".planning", wait=False))
                break
            except BlockingIOError:
                left = deadline - time.monotonic()
            if left <= 0:
                raise UsageError(
                    f"another {program} has been planning its batch for {PLANNING_S:g} s; stop it"
                )
            if not told and left < PLANNING_S - 2:
                say(f"waiting for another {program}, which is planning its batch")
                told = True
            time.sleep(0.02)
        yield
