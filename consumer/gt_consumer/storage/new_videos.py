"""The videos that a program left in its working folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

VIDEO_SUFFIXES: Final = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"})
_MOST: Final = 10_000
"""Files and folders that are looked at."""


def find_videos(folder: Path) -> list[Path]:
    """Return the videos in a folder, or if it has none, those in the folders below it, by name.

    Hidden files and folders, links and empty files do not count.
    """
    here, below = _look_into(folder)
    if here:
        return here
    found: list[Path] = []
    looked_at = 0
    while below and looked_at < _MOST:
        videos, folders = _look_into(below.pop())
        found += videos
        below += folders
        looked_at += 1
    return sorted(found)


def find_empty_videos(folder: Path) -> list[Path]:
    """Return the files directly in a folder that are named like videos and are empty."""
    return [
        path
        for path in sorted(_visible(folder))
        if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not path.stat().st_size
    ]


def _look_into(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the videos in a folder and the folders in it."""
    entries = sorted(_visible(folder))
    return [path for path in entries if _is_video(path)], [path for path in entries if path.is_dir()]


def _visible(folder: Path) -> Iterator[Path]:
    try:
        yield from (
            path for path in folder.iterdir() if not path.name.startswith(".") and not path.is_symlink()
        )
    except OSError:
        return


def _is_video(path: Path) -> bool:
    try:
        return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and path.stat().st_size > 0
    except OSError:
        return False
