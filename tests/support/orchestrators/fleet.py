"""An orchestrator that does what the story's options say: `support.orchestrators.fleet:Scripted`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path

from gt_consumer import Job, PermanentError, RateLimited, job
from support.orchestrators.results import Result, made
from support.waiting import until


class Scripted:
    """Understands `runs` (file of runs), `do`, `until` (file to wait for), `seconds` and `busy`."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Do it."""
        current = job()
        current.report("working", 0.0)
        _write_run(current)
        if gate := current.options.get("until"):
            await until(Path(str(gate)).exists, deadline=60)
        await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=_seconds(current))
        match current.options.get("do", "ok"):
            case "fail":
                raise TimeoutError("the voice service did not answer")
            case "fail_once" if current.attempt == 1:
                raise ConnectionError("connection reset")
            case "permanent":
                raise PermanentError("the post is gone")
            case "permanent_once" if _first_time(current):
                raise PermanentError("the post is gone")
            case "burn":
                _burn(current)
                return made("video", duration=61.0)
            case "block":
                signal.sigtimedwait({signal.SIGUSR1}, _number(current, "busy"))
                return made("video", duration=61.0)
            case "wait_once" if _first_time(current):
                raise RateLimited("gemini", 0.1)
            case _:
                return made("video", project_id=f"p-{current.story_id}", duration=61.0)


def _first_time(current: Job) -> bool:
    mark = Path(f"{current.options['runs']}.waited")
    known = mark.exists()
    mark.touch()
    return not known


def _burn(current: Job) -> None:
    """Keep the processor and the interpreter busy."""
    end = time.monotonic() + _number(current, "busy")
    while time.monotonic() < end:
        sum(range(1000))


def _seconds(current: Job) -> float:
    return _number(current, "seconds")


def _number(current: Job, name: str) -> float:
    value = current.options.get(name, 0.0)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _write_run(current: Job) -> None:
    line = {"story": current.story_id, "attempt": current.attempt, "pid": os.getpid(), "at": time.time()}
    with Path(str(current.options["runs"])).open("a") as runs:
        runs.write(json.dumps(line) + "\n")
