"""`support.orchestrators.talking:Talking` prints, waits for a provider and fails once."""

from __future__ import annotations

import sys

from gt_consumer import job
from support.orchestrators.results import Result, made


class Talking:
    """Prints its story's `word`, waits for its turn at `voice` as often as `turns` says, fails at first."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Do it."""
        current = job()
        print(f"{current.options['word']} begins")
        current.report("voice")
        for _ in range(int(str(current.options["turns"]))):
            await current.acquire("voice")
        print(f"{current.options['word']} speaks", file=sys.stderr)
        if current.attempt == 1:
            raise ConnectionError("connection reset")
        return made("video")
