"""An orchestrator that calls a provider as often as its story says, and writes down when it might."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from gt_consumer import RateLimited, job
from orchestrators.results import Result, made


class Limited:
    """Understands the options `calls` (file of calls), `times`, `provider` and `refuse` (seconds, once)."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Call the provider."""
        options = job().options
        calls = Path(str(options["calls"]))
        provider = str(options.get("provider", "gemini"))
        job().report("script")
        for _ in range(int(str(options.get("times", 1)))):
            await job().acquire(provider)
            _note(calls)
            if "refuse" in options and _first_time(calls):
                raise RateLimited(provider, float(str(options["refuse"])))
        return made("video")


def _note(calls: Path) -> None:
    line = {"at": time.monotonic(), "story": job().story_id, "worker": os.environ["GT_WORKER_NAME"]}
    with calls.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _first_time(calls: Path) -> bool:
    try:
        calls.with_suffix(".refused").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
