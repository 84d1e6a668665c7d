"""Run a batch from a Python program, without a broker: two story files become two small text "videos".

    cd examples && python batch_api.py

docs/batch.md describes what else it can do.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from gt_consumer import BatchProcessor, BatchResult, job

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Result:
    """The fields that are read from a result: `success` and, on success, the video and its seconds."""

    success: bool
    output_path: Path | None = None
    duration: float | None = None
    error: str | None = None


class Orchestrator:
    """Makes one "video"; the class is passed below, so each attempt gets a new object."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Write the URL of the story to a file."""
        job().report("render", 0.5)
        video = job().workdir / "video.mp4"
        video.write_text(f"a video of {story_url}\n")
        return Result(success=True, output_path=video, duration=1.0)


async def make(output: Path, ledger_url: str | None = None) -> BatchResult:
    """Make the videos of two stories at the same time."""
    processor = BatchProcessor(Orchestrator, max_parallel=2, output=output, ledger_url=ledger_url)
    return await processor.process_batch(
        [str(HERE / "the-last-cupcake.md"), str(HERE / "the-parking-spot.md")], name="from a program"
    )


def main() -> None:
    """Run the batch and print the result of each story."""
    result = asyncio.run(make(Path("outputs")))
    print(f"{result.successful} of {result.total} made, {result.failed} failed")
    for video in result.results:
        print(video.status.value, video.url, video.error or video.output_path)


if __name__ == "__main__":
    main()
