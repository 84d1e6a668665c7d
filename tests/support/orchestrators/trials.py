"""What trials of orchestrators try: a program that keeps every promise, and others that break one each.

Used as `python trials.py HOW FOLDER VIDEO {project_id}`: FOLDER keeps projects, VIDEO is a video to copy; and
as `support.orchestrators.trials:PaysTwice`, with both as options of the story.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

STAGES = ("script", "voice", "render")


def say(**message: object) -> None:
    """Print a message to the worker."""
    print(json.dumps(message), flush=True)


def leave_behind() -> None:
    """Start a program that leaves the process group."""
    forever = "import threading; threading.Event().wait()"
    nowhere = subprocess.DEVNULL
    command = [sys.executable, "-S", "-c", forever]
    subprocess.Popen(command, start_new_session=True, stdout=nowhere, stderr=nowhere)


def ignore_signals(folder: Path) -> None:
    """Ignore SIGTERM, and hang once."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if not (folder / "hung").exists():
        (folder / "hung").touch()
        say(stage="render")
        threading.Event().wait()


def work(folder: Path, name: str) -> None:
    """Do the stages that the project lacks."""
    for stage in STAGES:
        product = folder / name / stage
        if not product.exists():
            say(stage=stage)
            product.parent.mkdir(parents=True, exist_ok=True)
            threading.Event().wait(0.2)
            product.touch()


def main(how: str, folder: Path, video: Path, project: str) -> None:
    """Make the video, or break a promise."""
    folder.mkdir(exist_ok=True)
    name = project or f"p-{uuid.uuid4().hex[:8]}"
    say(project_id=name)
    if how == "stubborn" and project:
        ignore_signals(folder)
    if how == "careless":
        leave_behind()
        shutil.copy(video, folder / "current.mp4")
    work(folder, name)
    if how != "no_video":
        shutil.copy(video, "video.mp4")
    say(output_path="video.mp4", duration=9.0 if how == "careless" else 1.0)


class PaysTwice:
    """Names its project, and makes every paid call again when it is resumed."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> object:
        """Run all stages."""
        from gt_consumer import job

        job().project(project_id or f"p-{uuid.uuid4().hex[:8]}")
        for stage in STAGES:
            job().report(stage)
            await job().acquire(stage)
        video = shutil.copy(str(job().options["video"]), job().workdir / "video.mp4")
        return {"success": True, "output_path": video, "duration": 1.0}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
