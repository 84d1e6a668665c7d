"""The folder of a story: GossipToon's projects in it, their checkpoints, the finished video, and its end.

`<GT_OUTPUT>/projects/<batch>/<story>/<project>/checkpoints/checkpoint_<project>.json` is where GossipToon
keeps what a project has reached.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Final

from gt_common.files import write_atomically
from gt_consumer.orchestrator.gossiptoon.causes import PipelineFailedError
from gt_consumer.orchestrator.gossiptoon.pipeline import Result

FINISHED: Final = ".gossiptoon-finished"
"""A file in a story's folder whose age is that of the finished video."""

_TIDY_SECONDS: Final = 3600.0
_last_tidied: dict[Path, float] = {}


def can_resume(folder: Path, project: str) -> bool:
    """Whether a project has a checkpoint that can be read; one that a kill has cut off is restored."""
    if Path(project).name != project:
        return False
    place = _checkpoint(folder, project)
    if _read(place) is not None:
        return True
    kept = _kept(place)
    if _read(kept) is None:
        return False
    write_atomically(place, kept.read_bytes(), error=None)
    return True


def keep_checkpoints(folder: Path) -> None:
    """Keep a copy of each checkpoint that is complete: GossipToon overwrites them in place."""
    for place in folder.glob("*/checkpoints/checkpoint_*.json"):
        if _read(place) is not None:
            write_atomically(_kept(place), place.read_bytes(), error=None)


def find_video(folder: Path, result: Result) -> tuple[Path, float | None]:
    """Return the video of a successful run and its seconds.

    A run that is resumed after its last stage names no video; its checkpoint does.

    Raises:
        PipelineFailedError: there is no video
    """
    made: object = result.video_project
    if made is None:
        data = (_read(_checkpoint(folder, result.project_id)) or {}).get("video_data")
        made = data.get("video_project") if isinstance(data, dict) else None
    path, duration = _part(made, "output_path"), _part(made, "total_duration")
    if not isinstance(path, str | Path) or not Path(path).is_file():
        raise PipelineFailedError(f"GossipToon succeeded, but there is no video: {path}")
    return Path(path), float(duration) if isinstance(duration, int | float) else None


def mark_begun(folder: Path) -> None:
    """Note that a story is being made: its folder is not one of a finished video."""
    (folder / FINISHED).unlink(missing_ok=True)


def hand_over(video: Path, workdir: Path, folder: Path, keep: float) -> Path:
    """Put a finished video into the working folder and note that the story is finished.

    The project keeps its own until it is tidied up: a worker that is killed before it has stored the video
    resumes the project and finds it there.

    Parameters:
        keep: seconds that the project is kept; 0 removes it now
    """
    result = workdir / video.name
    if keep <= 0:
        shutil.move(video, result)
        _remove(folder)
        return result
    try:
        os.link(video, result)
    except OSError:
        shutil.copyfile(video, result)
    write_atomically(folder / FINISHED, "", error=None)
    return result


def remove_old(folder: Path, keep: float) -> None:
    """Remove the folders of stories that were finished longer ago; at most once an hour, as they are many.

    Parameters:
        folder: the folder of any story
        keep: seconds that a finished project is kept
    """
    root, now = folder.parents[1], time.monotonic()
    if now - _last_tidied.get(root, -_TIDY_SECONDS) < _TIDY_SECONDS:
        return
    _last_tidied[root] = now
    for mark in root.glob(f"*/*/{FINISHED}"):
        with contextlib.suppress(OSError):
            if mark.parent != folder and time.time() - mark.stat().st_mtime >= keep:
                _remove(mark.parent)


def _part(made: object, name: str) -> object:
    return made.get(name) if isinstance(made, dict) else getattr(made, name, None)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def _checkpoint(folder: Path, project: str) -> Path:
    return folder / project / "checkpoints" / f"checkpoint_{project}.json"


def _kept(place: Path) -> Path:
    return place.with_name(f".{place.name}")


def _read(place: Path) -> dict[str, object] | None:
    try:
        found = json.loads(place.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
