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
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from gt_common.errors import OutputError
from gt_common.files import open_anywhere, open_below, sync_folder_if_possible, write_atomically
from gt_common.messages import MadeFrom, StoryMessage, made_from, utc_now
from gt_common.stories import slug
from gt_consumer.processes.values import label, number
from gt_consumer.storage.links import link_story, linked_records, look_once
from gt_consumer.storage.names import safe_name
from gt_consumer.storage.shared_sync import SharedSync
from gt_consumer.storage.sidecars import place_sidecars
from gt_consumer.storage.video_length import video_length
from gt_consumer.storage.workdirs import draft_beside

_CHUNK = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

_sync_folder = SharedSync(sync_folder_if_possible)


@dataclass(frozen=True)
class Finished:
    """A finished video.

    Parameters:
        video_s: its length in seconds, if known
        made_from: what it was made from, if known
        made_in: generation, attempt and run that made it, if known
    """

    video: Path
    project_id: str | None
    video_s: float | None
    made_from: MadeFrom | None = None
    made_in: tuple[int, int, int] | None = None


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
    title = _slug(story.url, story.title)
    return output / safe_name(story.batch_id) / f"{story.position}-{title}-{safe_name(story.story_id)}.mp4"


@lru_cache(maxsize=256)
def _slug(url: str, title: str | None) -> str:
    try:
        return slug(url, title)
    except ValueError:
        return "story"


def find_finished(output: Path, story: StoryMessage) -> Finished | None:
    """Return the story's finished video: one with a valid result file and the size that this names.

    A video that was made of another text or with other options is not this story's. The orchestrator is not
    compared: workers of one fleet may name theirs in different ways.
    """
    place = video_place(output, story)
    found = _read_finished(place.with_suffix(".json"), story)
    if found is not None:
        return found
    # The stories of the batch may have been put into another order since, or have got titles.
    for record in linked_records(place.parent, story.story_id):
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
    """Put a video and the files beside it at their final place, and write its result file last.

    If that fails, nothing unfinished is taken for a video.

    Parameters:
        video: a regular file; it is moved if it is in `workdir`, otherwise copied
        source: what it was made from
        video_s: length of the video in seconds; None to read it from the file
        duration_s: seconds that making it took
        roots: folders besides `workdir` in which it may lie, links resolved; None for anywhere

    Raises:
        UnusableVideoError: there is no such video, or it lies in another folder
        OutputError: the output folder cannot be written or is full
    """
    place = video_place(output, story)
    content: dict[str, object] = {
        "schema": 1,
        "batch_id": story.batch_id,
        "story_id": story.story_id,
        "position": story.position,
        "url": story.url,
        "status": "success",
        "project_id": project_id,
        "attempt": attempt,
        "generation": story.generation,
        "run": story.run,
        "duration_s": round(duration_s, 3),
        "video": place.name,
        "video_s": video_s,
        "made_from": source.model_dump() if source else None,
        "made_at": utc_now().isoformat(),
    }
    folders = None if roots is None else (workdir, *roots)
    with _opened(video, folders) as opened:
        try:
            look_once(str(place.parent))
            record = place.with_suffix(".json")
            replaced = _removed(record)
            _place_video(opened, video, place, workdir)
            place_sidecars(video, place, workdir, folders, replaced=replaced)
            if video_s is None:
                video_s = content["video_s"] = video_length(place)
            _write_record(record, place, content, workdir, opened.found.st_size)
        except OSError as error:
            raise OutputError(_explain(error, place.parent)) from error
    return Finished(place, project_id, video_s, source, (story.generation, attempt, story.run))


class _Opened(NamedTuple):
    descriptor: int
    found: os.stat_result


@contextmanager
def _opened(video: Path, folders: Sequence[Path] | None) -> Iterator[_Opened]:
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
        yield _Opened(source, found)
    finally:
        os.close(source)


def _removed(record: Path) -> bool:
    """Remove a result file; return whether there was one."""
    try:
        record.unlink()
    except FileNotFoundError:
        return False
    return True


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
    project_id, video_s = label(content.get("project_id")), number(content.get("video_s"))
    return Finished(video, project_id, video_s, source, _run(content))


def _run(content: Mapping[str, object]) -> tuple[int, int, int] | None:
    """Return the run that made a video; results of earlier versions do not have it."""
    generation, attempt, run = (content.get(name) for name in ("generation", "attempt", "run"))
    if isinstance(generation, int) and isinstance(attempt, int) and isinstance(run, int):
        return generation, attempt, run
    return None


def _source(content: object) -> MadeFrom | None:
    try:
        return None if content is None else MadeFrom.model_validate(content)
    except ValidationError:
        return None


def _write_record(record: Path, place: Path, content: Mapping[str, object], workdir: Path, size: int) -> None:
    """Write the result file of the video at `place`; then both are on the disk, with their names.

    Another run of the story may replace the video at any moment: a worker that was cut off from the broker
    continues while the story is delivered again. So the file is written again until the size is right.
    """
    first = True
    while True:
        text = json.dumps({**content, "size": size}, ensure_ascii=False, indent=1)
        draft = draft_beside(workdir, ".json")

        def link(written: Path = draft) -> None:
            link_story(written, record.parent, str(content["story_id"]))

        write_atomically(
            record, f"{text}\n", draft=draft, error=None, new=first, before=link, sync=_sync_folder
        )
        written, size, first = size, place.stat().st_size, False
        if written == size:
            return


def _place_video(source: _Opened, video: Path, place: Path, workdir: Path) -> None:
    """Put the video at its place. Its name is synchronised together with that of its result file."""
    part = draft_beside(workdir, ".mp4")
    try:
        inside = _place_within(video, workdir)
        if inside is not None and _moved(source.found, inside, part):
            os.fsync(source.descriptor)
        else:
            _copy(source.descriptor, part)
        _replace(part, place)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _place_within(video: Path, workdir: Path) -> Path | None:
    """Return where the video lies in the attempt's folder, links resolved; None if it lies elsewhere."""
    is_link = video.is_symlink()
    if video.parent == workdir and not is_link:
        return video
    real = video.resolve()
    if not real.is_relative_to(workdir.resolve()):
        return None
    return real if is_link else video


def _replace(part: Path, place: Path) -> None:
    try:
        part.replace(place)
    except FileNotFoundError:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.replace(place)


def _moved(found: os.stat_result, video: Path, target: Path) -> bool:
    """Move the file that was found; return False if it is on another file system, or was replaced."""
    try:
        video.rename(target)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.ENOENT}:
            raise
        return False
    if os.path.samestat(found, target.lstat()):
        return True
    target.rename(video)
    return False


def _copy(source: int, target: Path) -> None:
    with os.fdopen(os.dup(source), "rb") as video, target.open("wb") as copy:
        video.seek(0)
        shutil.copyfileobj(video, copy, _CHUNK)
        copy.flush()
        os.fsync(copy.fileno())


def _explain(error: OSError, folder: Path) -> str:
    if error.errno in _FULL:
        return (
            f"the video could not be stored: the disk of {folder} is full; make room or set another GT_OUTPUT"
        )
    reason = error.strerror or str(error)
    return f"the video could not be stored in {folder}: {reason}; check GT_OUTPUT and its rights"
