"""The story that costs nothing: a few bytes of video, after GT_BENCH_SECONDS of waiting."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

SECONDS = float(os.environ.get("GT_BENCH_SECONDS", "0"))


@dataclass(frozen=True)
class Result:
    """The result of an orchestrator."""

    success: bool
    output_path: Path
    duration: float = 1.0


class Small:
    """Makes a "video" of a few bytes, as an orchestrator."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Make it."""
        from gt_consumer import jobs

        if SECONDS:
            await asyncio.sleep(SECONDS)
        video = jobs.job().workdir / "video.mp4"
        video.write_text(f"a video of {story_url}")
        return Result(success=True, output_path=video)


def make_as_a_task(number: int) -> None:
    """Do the same as a task of a peer: the same files in the same durable order, below GT_BENCH_OUTPUT."""
    if SECONDS:
        time.sleep(SECONDS)
    output = Path(os.environ["GT_BENCH_OUTPUT"])
    workdir = output / ".work" / f"{number}"
    workdir.mkdir(parents=True)
    video = workdir / "video.mp4"
    video.write_text(f"a video of {number}")
    folder = output / "b1"
    place = folder / f"{number}-a-title.mp4"
    size = video.stat().st_size
    _move_durably(video, place)
    draft = workdir / "result.json"
    draft.write_text(json.dumps({"schema": 1, "story": number, "status": "success", "size": size}, indent=1))
    _move_durably(draft, place.with_suffix(".json"))
    shutil.rmtree(workdir)


def _move_durably(draft: Path, place: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
