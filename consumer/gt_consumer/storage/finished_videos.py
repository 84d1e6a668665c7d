"""Where finished videos are, how they get there, and how a story that already has one is recognised.

The result file beside a video is written last and atomically; only with it is the video finished.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gt_common.errors import OutputError
from gt_common.files import open_anywhere, open_below, sync_folder_if_possible, write_atomically
from gt_common.messages import MadeFrom, StoryMessage, made_from, utc_now
from gt_common.stories import slug
from gt_consumer.processes.values import label, number
from gt_consumer.storage.names import draft_of, remove_leftovers, safe_name

_CHUNK = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Finished:
    """A finished video: its path, its project, its length in seconds and what it was made from, if known."""

    video: Path
    project_id: str | None
    video_s: float | None
    made_from: MadeFrom | None = None


class UnusableVideoError(Exception):
    """What is wrong with the video that an orchestrator named, as a phrase."""


class VideoOutsideError(UnusableVideoError):
    """The video is not in a folder from which it may be published."""


def check_output(output: Path) -> None:
    """Create the output folder and check that files can be created in it.

    Raises:
        OutputError: with the reason
    """
    folder = output.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"cannot write to the output folder {folder}: {error.strerror}; set GT_OUTPUT"
        ) from None


def video_place(output: Path, story: StoryMessage) -> Path:
    """Return the path of the story's video: `<output>/<batch_id>/<position>-<slug>-<story_id>.mp4`."""
    try:
        title = slug(story.url, story.title)
    except ValueError:
        title = "story"
    return output / safe_name(story.batch_id) / f"{story.position}-{title}-{safe_name(story.story_id)}.mp4"


def find_finished(output: Path, story: StoryMessage) -> Finished | None:
    """Return the story's finished video: one with a valid result file and the size that this names.

    A video that was made of another text or with other options is not this story's. The orchestrator is not
    compared: workers of one fleet may name theirs in different ways.
    """
    place = video_place(output, story)
    found = _read_finished(place.with_suffix(".json"), story)
    if found is not None:
        return found
    # The stories of the batch may have been put into another order since.
    for record in sorted(place.parent.glob(f"[0-9]*-{safe_name(story.story_id)}.json")):
        found = _read_finished(record, story)
        if found is not None:
            return found
    return None


def store_finished(
    output: Path,
    story: StoryMessage,
    video: Path,
    *,
    workdir: Path,
    attempt: int,
    project_id: str | None,
    video_s: float | None,
    duration_s: float,
    source: MadeFrom | None = None,
    roots: Sequence[Path] | None = None,
) -> Finished:
    """Put a video at its final place and write its result file; if that fails, nothing unfinished is left.

    Parameters:
        video: a regular file; it is moved if it is in `workdir`, otherwise copied
        source: what it was made from
        video_s, duration_s: the length of the video, and the time that making it took, in seconds
        roots: folders besides `workdir` in which it may lie, links resolved; None for anywhere

    Raises:
        UnusableVideoError: there is no such video, or it lies in another folder
        OutputError: the output folder cannot be written or is full
    """
    place = video_place(output, story)
    content = {
        "schema": 1,
        "batch_id": story.batch_id,
        "story_id": story.story_id,
        "position": story.position,
        "url": story.url,
        "status": "success",
        "project_id": project_id,
        "attempt": attempt,
        "generation": story.generation,
        "duration_s": round(duration_s, 3),
        "video": place.name,
        "video_s": video_s,
        "made_from": source.model_dump() if source else None,
        "made_at": utc_now().isoformat(),
    }
    folders = None if roots is None else (workdir, *roots)
    with _opened(video, folders) as opened:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            remove_leftovers(place)
            record = place.with_suffix(".json")
            record.unlink(missing_ok=True)
            _place_video(opened, video, place, workdir)
            _write_record(record, place, content)
        except OSError as error:
            raise OutputError(_explain(error, place.parent)) from error
    return Finished(place, project_id, video_s, source)


@contextmanager
def _opened(video: Path, folders: Sequence[Path] | None) -> Iterator[int]:
    """Open a video; from here on the descriptor counts, so that nothing can be put in its place."""
    try:
        source = open_anywhere(video) if folders is None else open_below(video, folders)
    except OSError as error:
        raise UnusableVideoError(f"cannot be read ({error.strerror or error})") from error
    if source is None:
        raise VideoOutsideError("is neither in its working folder nor below GT_RESULT_ROOTS, links resolved")
    try:
        found = os.fstat(source)
        if not stat.S_ISREG(found.st_mode):
            raise UnusableVideoError("is not a regular file")
        if not found.st_size:
            raise UnusableVideoError("is empty")
        yield source
    finally:
        os.close(source)


def _read_finished(record: Path, story: StoryMessage) -> Finished | None:
    try:
        content = json.loads(record.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    if content.get("story_id") != story.story_id or content.get("batch_id") != story.batch_id:
        return None
    video = record.with_suffix(".mp4")
    size = content.get("size")
    try:
        if not isinstance(size, int) or size <= 0 or video.stat().st_size != size:
            return None
    except OSError:
        return None
    source = _source(content.get("made_from"))
    if source is not None and source.differences(made_from(story.url, story.options)):
        return None
    return Finished(video, label(content.get("project_id")), number(content.get("video_s")), source)


def _source(content: object) -> MadeFrom | None:
    try:
        return None if content is None else MadeFrom.model_validate(content)
    except ValidationError:
        return None


def _write_record(record: Path, place: Path, content: Mapping[str, object]) -> None:
    """Write the result file of the video at `place`.

    Another run of the story may replace the video at any moment: a worker that was cut off from the broker
    continues while the story is delivered again. So the file is written again until the size is right.
    """
    while True:
        size = place.stat().st_size
        text = json.dumps({**content, "size": size}, ensure_ascii=False, indent=1)
        write_atomically(record, f"{text}\n", draft=draft_of(record), error=None)
        if place.stat().st_size == size:
            return


def _place_video(source: int, video: Path, place: Path, workdir: Path) -> None:
    part = draft_of(place)
    real = video.resolve()
    try:
        if not (real.is_relative_to(workdir.resolve()) and _moved(source, real, part)):
            _copy(source, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(place)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder_if_possible(place.parent)


def _moved(source: int, real: Path, target: Path) -> bool:
    """Move the open file; return False if it is on another file system, or was replaced meanwhile."""
    try:
        real.rename(target)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.ENOENT}:
            raise
        return False
    if os.path.samestat(os.fstat(source), target.lstat()):
        return True
    target.rename(real)
    return False


def _copy(source: int, target: Path) -> None:
    with os.fdopen(os.dup(source), "rb") as video, target.open("wb") as copy:
        video.seek(0)
        shutil.copyfileobj(video, copy, _CHUNK)


def _explain(error: OSError, folder: Path) -> str:
    if error.errno in _FULL:
        return (
            f"the video could not be stored: the disk of {folder} is full; make room or set another GT_OUTPUT"
        )
    reason = error.strerror or str(error)
    return f"the video could not be stored in {folder}: {reason}; check GT_OUTPUT and its rights"
