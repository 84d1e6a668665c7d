"""Result files and notes beside a video, written atomically."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from gt_common.files import put_in_place, sync_folder
from gt_consumer.storage.leftovers import is_leftover, new_mark

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def write_note(path: Path, content: bytes) -> None:
    """Write a small file atomically and durably, making its folder when needed.

    Raises:
        OSError: the file cannot be written
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    write_in_place(path, content)


def safe_name(name: str) -> str:
    """Give a name that is one plain part of a path, whatever a message says."""
    return _UNSAFE.sub("_", name).lstrip(".") or "_"


def write_in_place(path: Path, content: bytes) -> None:
    put_in_place(path, draft_of(path), content)
    sync_if_possible(path.parent)


def draft_of(place: Path) -> Path:
    return place.with_name(f".{place.name}-{new_mark()}.part")


def remove_leftovers(place: Path) -> None:
    """Remove what killed runs have left half-written for this story."""
    for part in place.parent.glob(f".{place.stem}.*.part"):
        if is_leftover(part):
            part.unlink(missing_ok=True)


def sync_if_possible(folder: Path) -> None:
    # Some network file systems cannot do it for folders; the files themselves are synchronised.
    with contextlib.suppress(OSError):
        sync_folder(folder)
