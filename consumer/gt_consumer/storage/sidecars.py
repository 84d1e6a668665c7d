"""The files beside a finished video: they are called like it and go where it goes."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gt_common.files import open_anywhere, open_below
from gt_consumer.storage.workdirs import draft_beside

SIDECARS: Final = (
    ".srt",
    ".vtt",
    ".thumbnail.jpg",
    ".script.json",
    ".credits.txt",
    ".upload.json",
)
_MOST_BYTES: Final = 50_000_000
"""What is larger is not a sidecar."""


def place_sidecars(
    video: Path, place: Path, workdir: Path, folders: Sequence[Path] | None, *, replaced: bool
) -> None:
    """Copy the files beside a new video to its final place; those of an earlier video there are removed.

    Each is put there in one step, before the video's result file is written.

    Parameters:
        video: where the orchestrator put the video
        place: where the video is now
        folders: in which the files may lie, links resolved; None for anywhere
        replaced: whether there was an earlier video

    Raises:
        OSError: one cannot be written
    """
    for suffix in SIDECARS:
        target = _beside(place, suffix)
        source = _open(_beside(video, suffix), folders)
        if source is None:
            if replaced:
                target.unlink(missing_ok=True)
            continue
        draft = draft_beside(workdir, suffix)
        try:
            with os.fdopen(source, "rb") as original, draft.open("wb") as copy:
                shutil.copyfileobj(original, copy)
                copy.flush()
                os.fsync(copy.fileno())
            draft.replace(target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def _beside(video: Path, suffix: str) -> Path:
    return video.with_name(f"{video.stem}{suffix}")


def _open(path: Path, folders: Sequence[Path] | None) -> int | None:
    """Open a sidecar; return None if there is none that may be taken."""
    if not os.path.lexists(path):  # most orchestrators leave none: as few calls as can be
        return None
    try:
        source = open_anywhere(path) if folders is None else open_below(path, folders)
    except OSError:
        return None
    if source is None:
        return None
    found = os.fstat(source)
    if stat.S_ISREG(found.st_mode) and found.st_size <= _MOST_BYTES:
        return source
    os.close(source)
    return None
