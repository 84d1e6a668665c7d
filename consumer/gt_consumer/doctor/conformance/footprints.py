"""What runs write into the folder in which they were started, where two of them may meet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from gt_common.settings import Settings

MOST_FILES: Final = 20_000
"""A folder with more files is not compared."""

_MEDIA: Final = frozenset(
    f".{name}"
    for name in (
        *("mp4", "mkv", "mov", "webm", "avi", "ts", "wav", "mp3", "m4a", "aac", "ogg", "opus", "flac"),
        *("png", "jpg", "jpeg", "webp", "srt", "ass", "vtt"),
    )
)
_SKIPPED: Final = frozenset({".git", ".venv", "__pycache__", "node_modules"})

Snapshot = Mapping[str, tuple[int, int]]


def watched_folder(settings: Settings) -> Path:
    """Return the folder in which runs may meet: that of --cwd, else the current one."""
    return settings.cwd or Path.cwd()


def snapshot(folder: Path, without: Sequence[Path] = ()) -> Snapshot | None:
    """Return time and size of every file below a folder; None if they are too many.

    Parameters:
        without: folders below it that are left out
    """
    left_out = {os.path.realpath(one) for one in without}
    found: dict[str, tuple[int, int]] = {}
    for name, state in _files(str(folder), left_out):
        found[name] = state
        if len(found) > MOST_FILES:
            return None
    return found


def written(before: Snapshot | None, after: Snapshot | None) -> frozenset[str]:
    """Return the files that are new or have changed."""
    if before is None or after is None:
        return frozenset()
    return frozenset(name for name, state in after.items() if before.get(name) != state)


def mixed(first: frozenset[str], second: frozenset[str]) -> list[str]:
    """Return pictures, sound and videos that runs of two stories wrote under the same name."""
    return sorted(name for name in first & second if Path(name).suffix.lower() in _MEDIA)


def _files(folder: str, without: set[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    for place, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name not in _SKIPPED and os.path.realpath(Path(place) / name) not in without
        ]
        for name in names:
            path = os.path.join(place, name)  # noqa: PTH118 - thousands of them
            try:
                state = os.lstat(path)
            except OSError:
                continue
            yield os.path.relpath(path, folder), (state.st_mtime_ns, state.st_size)
