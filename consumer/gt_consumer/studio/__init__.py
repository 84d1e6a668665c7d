"""The built-in pipeline: turns a story into a narrated vertical comic short, offline and without API keys.

Importing this package does not load any heavy library; a run does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gt_common.errors import PermanentError
from gt_consumer.jobs import job

__all__ = ["StudioOrchestrator", "StudioResult", "check", "create"]


@dataclass(frozen=True)
class StudioResult:
    """Result of a run.

    Parameters:
        success: always true; a run that fails raises
        project_id: id of the project, derived from the story if none was given
        error: always None
        output_path: the finished MP4 in the job's working folder
        duration: its length in seconds
    """

    success: bool
    project_id: str
    error: str | None
    output_path: Path | None
    duration: float | None


class StudioOrchestrator:
    """Makes the video of the running job's story; one orchestrator per attempt."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> StudioResult:
        """Make the video of a story in the job's working folder.

        What the stages of an earlier run have left is used again if it was made of the same story with the
        same options, whether the run is a resumption or not.

        Parameters:
            story_url: where the story is; None for the job's URL
            project_id: kept in the result; None derives one from the story

        Raises:
            PermanentError: the story or its options can never work
            StudioError: ffmpeg, the disk or the voice failed; another attempt may succeed
            UsageError: called outside a job
        """
        import asyncio  # only a run needs it; gt-studio --help stays fast
        import threading

        current = job()
        url = story_url or current.url
        if not url:
            raise PermanentError("the studio was given no story")
        # Made on this machine alone: reports then say 0 and not that the cost is not known.
        current.spend("studio", 0)
        cancelled = threading.Event()

        def progress(stage: str, fraction: float) -> None:
            if cancelled.is_set():
                raise asyncio.CancelledError
            # From this thread, which is allowed: by way of the event loop it could arrive after the end.
            current.report(stage, fraction)

        from gt_consumer.studio.pipeline import make_video

        try:
            made = await asyncio.to_thread(
                make_video,
                url,
                current.workdir,
                dict(current.options),
                progress,
                project_id,
                roots=current.story_roots,
                project_dir=current.project_dir,
                begun=current.project,
            )
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return StudioResult(True, made.project_id, None, made.path, made.duration)


def create() -> StudioOrchestrator:
    """Return a new orchestrator; `--orchestrator studio` is short for `gt_consumer.studio:create`."""
    return StudioOrchestrator()


def check() -> str:
    """Check that this machine has what the studio needs; called before the first story.

    Returns:
        where ffmpeg is

    Raises:
        OrchestratorError: a library is missing, with what to install
        EncoderError: there is no ffmpeg, it cannot be run, or an encoder is missing
    """
    from gt_consumer.studio.encode import check_ffmpeg
    from gt_consumer.studio.needs import check_needs

    check_needs()
    return f"ffmpeg: {check_ffmpeg()}"
