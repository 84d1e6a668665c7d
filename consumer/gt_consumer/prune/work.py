"""Removes what was planned, batch by batch: tombstone, files, rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gt_common.cli.app import format_os_error
from gt_common.errors import UsageError
from gt_common.files import locked, make_state_folder
from gt_common.ledger.pruning.candidates import OldBatch
from gt_common.messages import utc_now
from gt_consumer.prune.local import BusyError, Files, Local
from gt_consumer.prune.plan import Plan

if TYPE_CHECKING:
    from gt_common.ledger.pruning.pruner import Pruner
    from gt_common.ledger.pruning.space import Space


@dataclass
class Done:
    """What was removed so far.

    Parameters:
        batches: those that were pruned completely
        completed: ids of batches that an earlier run had left in part, or whose files it had not found
        kept: those that were to be pruned and were not, each with the reason
        problems: files that could not be removed
    """

    batches: list[OldBatch] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    files: Files = field(default_factory=Files)
    space: Space | None = None


@contextmanager
def lock_pruning(state_dir: Path) -> Iterator[None]:
    """Let one gt-prune of this machine at a time work.

    Raises:
        UsageError: another one is at work, or the state folder cannot be made
    """
    make_state_folder(state_dir)
    try:
        with locked(state_dir / ".pruning", wait=False):
            yield
    except BlockingIOError:
        raise UsageError("another gt-prune is at work on this machine; wait for it") from None


def prune_all(pruner: Pruner, plan: Plan, local: Local, done: Done) -> None:
    """Remove what was planned and is still old; a batch that is busy by now is kept.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the rest was not removed
    """
    for left in plan.leftovers:
        batch_id = left.tombstone.batch_id
        with _reported(batch_id, done), local.held(batch_id):
            _remove(pruner, local, batch_id, done, rows=not left.tombstone.complete)
            done.completed.append(batch_id)
    try:
        local.remove_caches(plan.age.before, done.files)
    except OSError as error:
        done.problems.append(f"saved answers of Reddit: {format_os_error(error)}")
    for candidate in plan.batches:
        batch = candidate.batch
        with _reported(batch.batch_id, done), local.held(batch.batch_id, plan.age.before):
            if pruner.claim(batch, plan.age):
                _remove(pruner, local, batch.batch_id, done, rows=True)
                done.batches.append(batch)
            else:
                done.kept[batch.batch_id] = "it has changed since"


def _remove(pruner: Pruner, local: Local, batch_id: str, done: Done, *, rows: bool) -> None:
    """Remove the files and rows of a batch that has a tombstone."""
    try:
        local.remove(batch_id, lambda: pruner.note_videos_removed(batch_id, utc_now()), done.files)
    except OSError as error:
        done.problems.append(f"batch {batch_id}: {format_os_error(error)}")
    if rows:
        pruner.remove_rows(batch_id)


@contextmanager
def _reported(batch_id: str, done: Done) -> Iterator[None]:
    """Keep a batch that another process works on, or whose locks cannot be opened."""
    try:
        yield
    except BusyError as error:
        done.kept[batch_id] = str(error)
    except OSError as error:
        done.problems.append(f"batch {batch_id}: {format_os_error(error)}")
