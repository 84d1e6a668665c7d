"""`support.orchestrators.spending:Spending` spends, and ends its first attempt as its option `end` says."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from gt_consumer import PermanentError, RateLimited, job
from support.orchestrators.results import Result, made


def _mark(path: str) -> None:
    Path(path).touch()


class Spending:
    """Spends 0.10 twice, uses 1,200 characters, says something wrong, and ends."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Do it."""
        current = job()
        current.spend("elevenlabs", 0.1)
        current.spend("elevenlabs", 0.1)
        current.used("gemini", "character", 1200)
        current.spend("elevenlabs", -5)
        match current.options["end"] if current.attempt == 1 else "well":
            case "fail":
                raise ConnectionError("connection reset")
            case "permanent":
                raise PermanentError("no such voice")
            case "wait":
                raise RateLimited("gemini", 1.0)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                _mark(str(current.options["mark"]))
                try:
                    await asyncio.Event().wait()
                finally:
                    current.spend("last call", 0.05)
        return made("video")
