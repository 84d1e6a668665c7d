"""Results of the fake orchestrators."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gt_consumer import job


@dataclass
class Result:
    """The flat form of a result."""

    success: bool
    project_id: str | None = None
    error: str | None = None
    output_path: Path | str | None = None
    duration: float | None = None


def made(content: str, project_id: str | None = None, duration: float | None = None) -> Result:
    """Write a file into the working folder and return it as the video."""
    video = job().workdir / "video.mp4"
    video.write_text(content)
    return Result(True, project_id=project_id, output_path=video, duration=duration)
