"""A custom orchestrator: a plain colour for as long as it takes to read the story.

    cd examples && gt-batch the-last-cupcake.md --orchestrator own_orchestrator:create

docs/orchestrators.md describes what it may do.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import imageio_ffmpeg

from gt_consumer import PermanentError, job

WORDS_PER_SECOND = 40.0


@dataclass(frozen=True)
class Result:
    """What the worker reads: `success` and, on success, where the video is and how many seconds it lasts."""

    success: bool
    project_id: str | None = None
    error: str | None = None
    output_path: Path | None = None
    duration: float | None = None


class ColourOrchestrator:
    """Makes one video; each attempt gets a new object."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Make the video of one story file."""
        job().report("read")
        seconds = max(1.0, len(read_story(story_url or "").split()) / WORDS_PER_SECOND)
        job().report("render", 0.0)
        video = job().workdir / "video.mp4"
        error = await render(video, seconds, str(job().options.get("colour", "teal")))
        if error:
            return Result(success=False, error=error)
        job().report("render", 1.0)
        job().spend("ffmpeg", 0)  # what a call has cost, so that reports say 0 and not that it is not known
        return Result(success=True, output_path=video, duration=seconds)


def read_story(url: str) -> str:
    """Return the text of a `file:` URL; a missing file is a permanent error, since a retry does not help."""
    try:
        return Path(unquote(urlsplit(url).path)).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PermanentError(f"no such story file: {url}") from None


async def render(video: Path, seconds: float, colour: str) -> str:
    """Make the MP4; return what ffmpeg complained about, or an empty string."""
    ffmpeg = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi",
        "-i", f"color={colour}:size=360x640:rate=30:duration={seconds:.3f}",
        "-pix_fmt", "yuv420p", str(video),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, complaints = await ffmpeg.communicate()
    return complaints.decode(errors="replace") if ffmpeg.returncode else ""


def create() -> ColourOrchestrator:
    """Make the orchestrator of one attempt; named in `--orchestrator own_orchestrator:create`."""
    return ColourOrchestrator()
