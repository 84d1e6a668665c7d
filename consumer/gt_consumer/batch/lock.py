"""The lock that lets one process at a time run a batch; its file keeps the settings of the batch."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from gt_common.batches import batch_lock
from gt_common.errors import UsageError
from gt_common.files import is_locked, locked, make_state_folder
from gt_common.settings import Settings

KEPT: Final = ("orchestrator", "cwd", "output", "prefetch", "max_attempts", "time_limit", "story_roots")
"""The settings with which a resumed batch continues, unless a flag overrides them."""

_ASKED_S = 0.5
"""Seconds after which a lock is held by a run, and not by somebody who asks whether one does."""


class BatchLock:
    """A batch that only this process may run; made by `lock_batch`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def settings(self) -> dict[str, object]:
        """Return the settings with which the batch was last run; empty when they are not known."""
        return _parse(os.pread(self._descriptor, 65536, 0))

    def keep(self, settings: Settings) -> None:
        """Save the settings for a later resume, with the output folder as an absolute path."""
        kept = settings.model_dump(include=set(KEPT)) | {"output": settings.output.absolute()}
        line = json.dumps(kept, default=str).encode() + b"\n"
        os.pwrite(self._descriptor, line, 0)
        os.ftruncate(self._descriptor, len(line))
        os.fsync(self._descriptor)

    def forget(self) -> None:
        """Remove the settings of a batch that was not begun after all."""
        os.ftruncate(self._descriptor, 0)


@contextmanager
def lock_batch(state_dir: Path, batch_id: str) -> Iterator[BatchLock]:
    """Lock a batch for the duration of a block.

    Raises:
        UsageError: another process holds the lock, or the folder cannot be created
    """
    folder = state_dir / "batches"
    make_state_folder(folder)
    with ExitStack() as stack:
        descriptor = None
        deadline = time.monotonic() + _ASKED_S
        while descriptor is None:
            try:
                descriptor = stack.enter_context(locked(batch_lock(state_dir, batch_id), wait=False))
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise UsageError(
                        f"batch {batch_id} is already being run by another gt-batch; wait for it or stop it"
                    ) from None
                time.sleep(0.02)
        yield BatchLock(descriptor)


def batch_is_running(state_dir: Path, batch_id: str) -> bool:
    """Whether a process of this machine runs the batch now."""
    return is_locked(batch_lock(state_dir, batch_id))


def kept_settings(state_dir: Path, batch_id: str) -> dict[str, object]:
    """Return the settings with which a batch was last run, without locking it."""
    try:
        return _parse(batch_lock(state_dir, batch_id).read_bytes())
    except OSError:
        return {}


def _parse(content: bytes) -> dict[str, object]:
    try:
        kept = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return {name: kept[name] for name in KEPT if name in kept} if isinstance(kept, dict) else {}
