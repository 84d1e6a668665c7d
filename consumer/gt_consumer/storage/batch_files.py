"""The files of one batch on this machine: what they take, and their removal.

Only what this project wrote is touched: files that it named, in folders of the batch. Links are not followed,
and a folder that is a link is left alone, as are files of others in the output folder. Everything is removed
relative to an open folder, so that nobody can put a link in its place meanwhile.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gt_common.batches import batch_journal, batch_lock
from gt_consumer.storage.names import is_leftover, safe_name
from gt_consumer.storage.sidecars import SIDECARS

_MOST_OF_A_RECORD: Final = 1 << 20
_VIDEO: Final = ".mp4"
_REPORTS: Final = (".json", ".md", ".html")
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Entry:
    """A file or folder of a batch.

    Parameters:
        folder: descriptor of the folder that it is in, open until the next entry
        size: in bytes
        is_folder: whether it is a folder, to be removed if it is empty then
        is_video: whether it is a finished video
    """

    folder: int
    path: Path
    size: int = 0
    is_folder: bool = False
    is_video: bool = False

    def remove(self) -> bool:
        """Remove it; return False for a folder that is not empty.

        Raises:
            OSError: it cannot be removed
        """
        with suppress(FileNotFoundError):
            if not self.is_folder:
                os.unlink(self.path.name, dir_fd=self.folder)
                return True
            try:
                os.rmdir(self.path.name, dir_fd=self.folder)
            except OSError:
                # Somebody else's files are in it; if they are gone, so is the folder the next time.
                return False
        return True


def state_files(state_dir: Path, batch_id: str) -> Iterator[Entry]:
    """Yield the producer's journal of a batch, and the settings that gt-batch keeps; lock both before."""
    for path in (batch_journal(state_dir, batch_id), batch_lock(state_dir, batch_id)):
        with _opened(path.parent, follow=True) as folder:
            if folder is not None:
                # Locking a file that is missing makes an empty one.
                yield from (entry for entry in _regular(folder, path) if entry.size)


def project_files(output: Path, batch_id: str) -> Iterator[Entry]:
    """Yield the notes and folders of a batch's projects, and what dead workers left of its attempts."""
    name = safe_name(batch_id)
    for root in (output / ".projects", output / "projects"):
        yield from _tree(root / name)
    work = output / ".work" / name
    if not work.is_symlink():
        for leftover in sorted(_names(work)):
            if is_leftover(work / leftover):
                yield from _tree(work / leftover)


def log_files(output: Path, batch_id: str) -> Iterator[Entry]:
    """Yield the log that gt-batch writes, and the batch's folder."""
    place = output / safe_name(batch_id)
    with _opened(place) as folder:
        if folder is not None:
            yield from _regular(folder, place / "batch.log")
    yield from _itself(place)


def video_files(output: Path, batch_id: str) -> Iterator[Entry]:
    """Yield a batch's finished videos, each before its result file, and the reports saved beside them."""
    place = output / safe_name(batch_id)
    with _opened(place) as folder:
        if folder is None:
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    yield from _of_video(folder, place / entry.name, batch_id)
        for suffix in _REPORTS:
            yield from _regular(folder, place / f"{batch_id}{suffix}")


def has_folder(output: Path, batch_id: str) -> bool:
    """Whether a batch has a folder for its videos, and not a link."""
    place = output / safe_name(batch_id)
    return place.is_dir() and not place.is_symlink()


def cache_files(state_dir: Path, before: datetime) -> Iterator[Entry]:
    """Yield answers of Reddit that gt-discover saved before a time."""
    place = state_dir / "discovery"
    with _opened(place) as folder:
        if folder is None:
            return
        for name in sorted(name for name in _names(place) if name.endswith(".json")):
            for entry in _regular(folder, place / name):
                written = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
                if datetime.fromtimestamp(written, UTC) < before:
                    yield entry


def local_batches(state_dir: Path, output: Path) -> set[str]:
    """Return the names of files and folders that may belong to batches, as batch ids."""
    found: set[str] = set()
    files = {batch_journal(state_dir, "").parent: ".jsonl", batch_lock(state_dir, "").parent: ".json"}
    for folder, suffix in files.items():
        found.update(name.removesuffix(suffix) for name in _names(folder) if name.endswith(suffix))
    for folder in (output, output / ".projects", output / "projects", output / ".work"):
        found.update(name for name in _names(folder) if not name.startswith("."))
    return found


def _of_video(folder: int, path: Path, batch_id: str) -> Iterator[Entry]:
    """Yield what belongs to a result file, or to its hidden second name; the result file comes last."""
    name = path.name
    is_record = name.endswith(".json") and name[0].isdigit()
    if not (is_record or name.startswith(".story-")) or not _is_of(folder, name, batch_id):
        return
    if is_record:
        stem = name.removesuffix(".json")
        yield from _regular(folder, path.with_name(f"{stem}{_VIDEO}"), is_video=True)
        for suffix in SIDECARS:
            yield from _regular(folder, path.with_name(f"{stem}{suffix}"))
    yield from _regular(folder, path)


def _is_of(folder: int, name: str, batch_id: str) -> bool:
    """Whether a file is the result file of a story of the batch."""
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            content = json.loads(file.read(_MOST_OF_A_RECORD))
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(content, dict):
        return False
    return content.get("batch_id") == batch_id and isinstance(content.get("story_id"), str)


def _tree(top: Path) -> Iterator[Entry]:
    """Yield everything below a folder or a single file, what is deepest first, then itself."""
    if top.is_symlink() or not top.is_dir():
        with _opened(top.parent, follow=True) as parent:
            if parent is not None:
                yield from _regular(parent, top)
        return
    for place, folders, files, folder in os.fwalk(top, topdown=False, onerror=_raise):
        for name in (*files, *folders):
            with suppress(FileNotFoundError):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                is_folder = stat.S_ISDIR(found.st_mode)
                yield Entry(folder, Path(place, name), 0 if is_folder else found.st_size, is_folder)
    yield from _itself(top)


def _itself(place: Path) -> Iterator[Entry]:
    """Yield a folder, unless it is a link."""
    with _opened(place.parent, follow=True) as parent:
        if parent is not None and place.is_dir() and not place.is_symlink():
            yield Entry(parent, place, is_folder=True)


def _regular(folder: int, path: Path, *, is_video: bool = False) -> Iterator[Entry]:
    """Yield a file, unless it is missing, a link or something else."""
    with suppress(FileNotFoundError):
        found = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(found.st_mode):
            yield Entry(folder, path, found.st_size, is_video=is_video)


@contextmanager
def _opened(folder: Path, *, follow: bool = False) -> Iterator[int | None]:
    """Open a folder; yield None if it is missing or a link.

    Parameters:
        follow: for a folder that holds all batches, which the user may have put elsewhere with a link
    """
    try:
        descriptor = os.open(folder, _FOLDER if follow else _FOLDER | os.O_NOFOLLOW)
    except OSError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _names(folder: Path) -> Iterator[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def _raise(error: OSError) -> None:
    raise error
