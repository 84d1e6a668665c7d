"""An orchestrator that calls a provider as often as its story says, and records when it was allowed to."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

from gt_consumer import PermanentError, RateLimited, job
from support.orchestrators.results import Result, made


class Limited:
    """Understands `calls` (file of calls), `times`, `provider`, `refuse` (seconds, once) and two more.

    `at_once` is the number of calls at the same time; `give_up` a provider whose second turn it gives up.
    """

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Call the provider."""
        options = job().options
        calls = Path(str(options["calls"]))
        provider = str(options.get("provider", "gemini"))
        job().report("script")
        if "give_up" in options:
            await _give_up(str(options["give_up"]))
        for _ in range(int(str(options.get("times", 1)))):
            await asyncio.gather(
                *(_call(provider, calls) for _ in range(int(str(options.get("at_once", 1)))))
            )
            if "refuse" in options and _first_time(calls):
                raise RateLimited(provider, float(str(options["refuse"])))
        return made("video")


async def _call(provider: str, calls: Path) -> None:
    await job().acquire(provider)
    _note(calls)


async def _give_up(provider: str) -> None:
    await job().acquire(provider)
    try:
        async with asyncio.timeout(0.1):
            await job().acquire(provider)
    except TimeoutError:
        return
    raise PermanentError(f"two turns at {provider} at once")


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
