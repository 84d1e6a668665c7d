"""Small files that are written atomically, and the drafts that killed processes leave of them."""

from __future__ import annotations

import re
from pathlib import Path

from gt_common.files import write_atomically
from gt_consumer.storage.leftovers import is_leftover, new_mark

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def write_note(path: Path, content: bytes) -> None:
    """Write a small file atomically and durably; its folder is made if it is missing.

    Raises:
        OSError: the file cannot be written
    """
    remove_leftovers(path)
    write_atomically(path, content, draft=draft_of(path), error=None)


def safe_name(name: str) -> str:
    """Return a name that is one plain part of a path, whatever a message contains."""
    return _UNSAFE.sub("_", name).lstrip(".") or "_"


def draft_of(place: Path) -> Path:
    """Return an unused name beside a file for what is not finished; it shows which process uses it."""
    return place.with_name(f".{place.name}-{new_mark()}.part")


def remove_leftovers(place: Path) -> None:
    """Remove the unfinished files that killed processes left beside a file of this name, with any suffix."""
    for part in place.parent.glob(f".{place.stem}.*.part"):
        if is_leftover(part):
            part.unlink(missing_ok=True)
