"""One gt-batch a batch: a lock that a kill lets go, and in its file how the batch was begun."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gt_common.errors import UsageError
from gt_common.files import make_state_folder

KEPT: Final = ("orchestrator", "output", "prefetch", "max_attempts", "time_limit")
"""The settings that a resumed batch goes on with, unless a flag says otherwise."""


class BatchHold:
    """A batch that is held by this process alone; `hold_batch` makes it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def settings(self) -> dict[str, object]:
        """Give the settings with which the batch was begun; none when nothing readable was kept."""
        return _read_kept(os.pread(self._descriptor, 65536, 0))

    def keep(self, settings: Mapping[str, object]) -> None:
        """Keep the settings with which the batch goes on."""
        line = json.dumps({name: settings[name] for name in KEPT}, default=str).encode()
        os.pwrite(self._descriptor, line + b"\n", 0)
        os.ftruncate(self._descriptor, len(line) + 1)
        os.fsync(self._descriptor)


def kept_settings(state_dir: Path, batch_id: str) -> dict[str, object]:
    """Give the settings with which a batch was begun, without holding it."""
    try:
        return _read_kept((state_dir / "batches" / f"{batch_id}.json").read_bytes())
    except OSError:
        return {}


@contextmanager
def hold_batch(state_dir: Path, batch_id: str) -> Iterator[BatchHold]:
    """Hold a batch for the time of a block.

    Raises:
        UsageError: another process holds it, or the folder cannot be made
    """
    folder = state_dir / "batches"
    make_state_folder(folder)
    descriptor = os.open(folder / f"{batch_id}.json", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, batch_id)
        yield BatchHold(descriptor)
    finally:
        os.close(descriptor)


def _read_kept(content: bytes) -> dict[str, object]:
    try:
        kept = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return {name: kept[name] for name in KEPT if name in kept} if isinstance(kept, dict) else {}


def _lock(descriptor: int, batch_id: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"another gt-batch makes batch {batch_id} now; let it finish, or stop it") from None
