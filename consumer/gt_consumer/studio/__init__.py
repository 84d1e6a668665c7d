"""The built-in pipeline: a story file in, a narrated vertical comic short out; offline, without keys.

Importing this package loads none of the heavy libraries; a run does.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from pathlib import Path

from gt_common.errors import PermanentError
from gt_consumer.jobs import job

__all__ = ["StudioOrchestrator", "StudioResult", "create"]


@dataclass(frozen=True)
class StudioResult:
    """What a run made.

    Parameters:
        success: always true where a result is given; a run that fails raises
        project_id: id of the project, made from the story where none was given
        error: none on success
        output_path: the finished MP4 in the job's working folder
        duration: its length in seconds
    """

    success: bool
    project_id: str
    error: str | None
    output_path: Path | None
    duration: float | None


class StudioOrchestrator:
    """Makes one video of the running job's story. Make a new one for each attempt."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> StudioResult:
        """Make the video of a story into the job's working folder.

        The same story, options and seed give the same script, sound and pictures again, so that `resume`
        needs
        no checkpoint: the video is made anew.

        Parameters:
            story_url: where the story is; the job's URL where it is left out
            project_id: kept in the result where given

        Raises:
            PermanentError: the story or its options can never work
            StudioError: ffmpeg, the disk or the voice failed this time
            UsageError: outside a job
        """
        current = job()
        url = story_url or current.url
        if not url:
            raise PermanentError("the studio was given no story")
        cancelled = threading.Event()

        def progress(stage: str, fraction: float) -> None:
            if cancelled.is_set():
                raise asyncio.CancelledError
            current.report(stage, fraction)  # any thread may; by way of the loop it could come after the end

        from gt_consumer.studio.pipeline import make_video

        try:
            made = await asyncio.to_thread(
                make_video, url, current.workdir, dict(current.options), progress, project_id
            )
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return StudioResult(True, made.project_id, None, made.path, made.duration)


def create() -> StudioOrchestrator:
    """Make an orchestrator; `gt_consumer.studio:create` is what `--orchestrator studio` stands for."""
    return StudioOrchestrator()
