"""Working folders: one per attempt, on the file system of the finished videos."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from pathlib import Path
from threading import Lock

from gt_common.messages import StoryMessage
from gt_consumer.storage.names import is_leftover, new_mark, safe_name

_TRIES = 5
_in_use: Counter[Path] = Counter()
"""How many folders of attempts this process has in the folder of each batch, which is kept meanwhile."""
_counting = Lock()


def make_workdir(output: Path, story: StoryMessage, attempt: int) -> Path:
    """Create the empty folder of an attempt: `<output>/.work/<batch>/<story>-<attempt>-<mark>`.

    Raises:
        OSError: the folder cannot be created
    """
    name = f"{safe_name(story.story_id)}-{attempt}-{new_mark()}"
    batch = _root(output) / safe_name(story.batch_id)
    folder = batch / name
    with _counting:
        _in_use[batch] += 1
    for left in reversed(range(_TRIES)):
        try:
            folder.mkdir(parents=True)
        except (FileNotFoundError, FileExistsError):
            # Another worker has just removed the batch's folder because it was empty; `mkdir` says that a
            # parent exists if that is removed between its two looks.
            if not left:
                _count_out(batch)
                raise
        except OSError:
            _count_out(batch)
            raise
        else:
            break
    return folder


def draft_beside(workdir: Path, suffix: str) -> Path:
    """Return an unused name for an unfinished file of an attempt, where the orchestrator does not look.

    If this process is killed, the file is removed together with the folders of its attempts.
    """
    return workdir.with_name(f"{workdir.name}{suffix}.part")


def remove_workdir(folder: Path) -> None:
    """Remove an attempt's folder, and its parents if they are empty then."""
    if not remove_empty_workdir(folder):
        shutil.rmtree(folder, ignore_errors=True)
        _remove_parents(folder)


def remove_empty_workdir(folder: Path) -> bool:
    """Remove an attempt's folder if it is empty; return whether it is gone."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        pass  # the orchestrator has removed it
    except OSError:
        return False
    _remove_parents(folder)
    return True


def _remove_parents(folder: Path) -> None:
    if _count_out(folder.parent):
        return
    _remove_empty(folder.parent)
    _remove_empty(folder.parent.parent)


def _count_out(batch: Path) -> int:
    """Count a folder of an attempt less; return how many this process has there now."""
    with _counting:
        left = max(0, _in_use.pop(batch, 0) - 1)
        if left:
            _in_use[batch] = left
        return left


def remove_stale_workdirs(output: Path) -> int:
    """Remove the folders and drafts of attempts whose worker is dead; return how many there were."""
    folders = [folder for batch in _listed(_root(output)) for folder in _listed(batch)]
    stale = [folder for folder in folders if is_leftover(folder)]
    for folder in stale:
        if folder.is_dir():
            remove_workdir(folder)
        else:
            folder.unlink(missing_ok=True)
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
