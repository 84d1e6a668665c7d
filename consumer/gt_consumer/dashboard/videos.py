"""Finished videos, their captions and pictures: files of the output folder, and nothing else.

The event of a success names the video; it may come from another machine, or be forged. So only its folder and
name count, below this machine's GT_OUTPUT, and only if the result file lies beside it.
"""

from __future__ import annotations

import asyncio
import mimetypes
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from gt_common.messages import StorySucceeded
from gt_consumer.dashboard.board import board_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gt_common.messages import StoryEvent
    from gt_common.settings import Settings

_KINDS: Final = {"video": "", "captions": ".vtt", "picture": ".thumbnail.jpg"}
"""What an address may ask for, and how its file's name ends instead of the video's ending."""


@dataclass(frozen=True)
class Video:
    """A finished video; captions and picture are None if there is no such file."""

    path: Path
    captions: Path | None
    picture: Path | None


def find_video(settings: Settings, batch_id: str, event: StoryEvent | None) -> Video | None:
    """Return a story's video as it lies in the output folder; None if it is not there, or not finished."""
    if not isinstance(event, StorySucceeded):
        return None
    named = PurePosixPath(event.output_path)
    if event.batch_id != batch_id or named.name in {"", ".", ".."} or named.parent.name in {"", ".", ".."}:
        return None
    root = settings.output.absolute()
    video = _inside(root, root / named.parent.name / named.name)
    if video is None or _inside(root, video.with_suffix(".json")) is None or not _is_video(video):
        return None
    beside = (_inside(root, video.with_suffix(_KINDS[kind])) for kind in ("captions", "picture"))
    return Video(video, *beside)


async def send_file(request: Request) -> Response:
    """Send a story's video, or what lies beside it; in parts, if the browser asks for a range.

    Raises:
        HTTPException: there is no such file (404)
        NoSuchBatchError, LedgerUnreachableError: see `LedgerReader.stories`
    """
    board = board_of(request)
    batch_id, story_id, kind = (str(request.path_params[name]) for name in ("batch_id", "story_id", "kind"))
    states = await board.books.read(lambda ledger: ledger.stories(batch_id, [story_id]))
    event = states[0].event if states else None
    video = await asyncio.to_thread(find_video, board.settings, batch_id, event)
    files = {"video": video.path, "captions": video.captions, "picture": video.picture} if video else {}
    path = files.get(kind)
    if path is None:
        raise HTTPException(404)
    return FileResponse(path, media_type=_media_type(path), headers={"cache-control": "private, no-cache"})


def _inside(root: Path, path: Path) -> Path | None:
    """Return a file if it lies below the output folder, links followed; None if not."""
    try:
        real = path.resolve(strict=True)
        return path if real.is_file() and real.is_relative_to(root.resolve()) else None
    except (OSError, ValueError):
        return None


def _media_type(path: Path) -> str:
    if path.suffix == ".vtt":
        return "text/vtt"
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _is_video(path: Path) -> bool:
    return _media_type(path).startswith("video/")
