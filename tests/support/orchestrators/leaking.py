"""An orchestrator that reveals secrets wherever it can: `support.orchestrators.leaking:Leaking`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gt_consumer import job


class Leaking:
    """Prints, reports and raises every line of the file that LEAKS names."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> None:
        """Do it."""
        lines = _read_leaks()
        for line in lines:
            print(line)
            print(f"could not use {line}", file=sys.stderr)
            job().report(f"calling {line}", 0.5)
        raise ConnectionError(" and ".join(f"no way to {line}" for line in lines))


def _read_leaks() -> list[str]:
    return Path(os.environ["LEAKS"]).read_text().splitlines()
