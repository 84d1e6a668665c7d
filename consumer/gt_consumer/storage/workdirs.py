"""Working folders: one per attempt, on the file system of the finished videos."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from gt_common.messages import StoryMessage
from gt_consumer.storage.names import is_leftover, new_mark, safe_name

_TRIES = 5


def make_workdir(output: Path, story: StoryMessage, attempt: int) -> Path:
    """Create the empty folder of an attempt: `<output>/.work/<batch>/<story>-<attempt>-<mark>`.

    Raises:
        OSError: the folder cannot be created
    """
    name = f"{safe_name(story.story_id)}-{attempt}-{new_mark()}"
    folder = _root(output) / safe_name(story.batch_id) / name
    for left in reversed(range(_TRIES)):
        try:
            folder.mkdir(parents=True)
        except FileNotFoundError:
            # Another worker has just removed the batch's folder because it was empty.
            if not left:
                raise
        else:
            break
    return folder


def remove_workdir(folder: Path) -> None:
    """Remove an attempt's folder, and its parents if they are empty then."""
    shutil.rmtree(folder, ignore_errors=True)
    _remove_empty(folder.parent)
    _remove_empty(folder.parent.parent)


def remove_stale_workdirs(output: Path) -> int:
    """Remove the folders of attempts whose worker is dead; return how many there were."""
    folders = [folder for batch in _listed(_root(output)) for folder in _listed(batch)]
    stale = [folder for folder in folders if is_leftover(folder)]
    for folder in stale:
        remove_workdir(folder)
    return len(stale)


def _listed(folder: Path) -> list[Path]:
    """Return the content of a folder, nothing if another worker has just removed it."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _root(output: Path) -> Path:
    return output / ".work"


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
