"""A pipeline that pays for its calls and keeps what it paid for in a project folder of its own.

Named as `support.orchestrators.paying:Paying`, and as the program `python paying.py {project_id}`. The
story's options are `folder`, for all that outlives a run, and `trouble`: how the first run of each stage
ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

STAGES = ("script", "voice", "images", "render")
CALLS = {"script": 1, "voice": 3, "images": 4, "render": 1}
"""How many calls each stage pays for; the rendering counts as one."""


class Hanging(Exception):  # noqa: N818 - not an error
    """The run is to hang."""


class Project:
    """The pipeline's own state: a folder with the products of its paid calls."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = folder
        self._place = folder / "projects" / name
        self._place.mkdir(parents=True, exist_ok=True)

    def work(self, stage: str, trouble: Callable[[], None]) -> None:
        """Make the calls of a stage whose products are missing; in its middle, run into trouble once."""
        for number in range(CALLS[stage]):
            product = self._place / f"{stage}-{number}"
            if product.exists():
                continue
            with (self._folder / "paid").open("a") as paid:
                paid.write(f"{product.name}\n")
            if number == CALLS[stage] // 2 and first_time(self._folder, stage):
                trouble()
            product.touch()


def first_time(folder: Path, name: str) -> bool:
    """Whether this is asked for the first time; the mark also shows a test that it was."""
    mark = folder / f"{name}.reached"
    known = mark.exists()
    mark.touch()
    return not known


def paid_calls(folder: Path) -> Counter[str]:
    """Return how often each call was paid for."""
    return Counter((folder / "paid").read_text().split())


def noted(output: Path, stage: str) -> bool:
    """Whether the worker has noted that the only story reached a stage in its project."""
    return any(f'"{stage}"' in note.read_text() for note in (output / ".projects").rglob("*.json"))


def every_call() -> set[str]:
    """Return the calls that one undisturbed run pays for, each once."""
    return {f"{stage}-{number}" for stage, calls in CALLS.items() for number in range(calls)}


def _folder(options: Mapping[str, object]) -> Path:
    return Path(str(options["folder"]))


def _new_name() -> str:
    return f"project-{uuid.uuid4().hex[:8]}"


def _raise_trouble(how: object, name: str) -> None:
    from gt_consumer import RateLimited

    match how:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "limit":
            raise RateLimited("voices", 0.01)
        case "limit_named":
            raise RateLimited("voices", 0.01, project_id=name)
        case "fail":
            raise ConnectionError("voices answered 503")
        case "hang":
            raise Hanging
        case _:
            return


class Paying:
    """The pipeline as a Python orchestrator."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> object:
        """Run the stages."""
        from gt_consumer import job

        folder, how = _folder(job().options), job().options.get("trouble")
        if resume and not (folder / "projects" / str(project_id)).exists():
            raise FileNotFoundError(f"no project {project_id}")
        project = Project(folder, project_id or _new_name())
        if how != "limit_named":
            job().project(project.name)

        for stage in STAGES:
            job().report(stage)
            try:
                project.work(stage, lambda: _raise_trouble(how, project.name))
            except Hanging:
                await asyncio.Event().wait()
        video = job().workdir / "video.mp4"
        video.write_text(project.name)
        return {"success": True, "project_id": project.name, "output_path": video}


def main(project_id: str) -> None:
    """Run the stages as a program."""
    options = json.loads(os.environ["GT_STORY_OPTIONS"])
    project = Project(_folder(options), project_id or _new_name())
    print(json.dumps({"project_id": project.name}), flush=True)

    def trouble() -> None:
        match options.get("trouble"):
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "limit":
                sys.exit("voices: HTTP 429, retry after 0.06 s")
            case "fail":
                sys.exit(75)
            case "hang":
                while True:
                    time.sleep(60)
            case _:
                return

    for stage in STAGES:
        print(json.dumps({"stage": stage}), flush=True)
        project.work(stage, trouble)
    Path("video.mp4").write_text(project.name)
    print(json.dumps({"output_path": "video.mp4"}), flush=True)


PYTHON = "support.orchestrators.paying:Paying"
COMMAND = f"command:{sys.executable} {__file__} {{project_id}}"


if __name__ == "__main__":
    main(sys.argv[1])
