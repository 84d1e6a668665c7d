"""What gt-batch adds to a story's time: stories that cost nothing, one at a time.

    python benchmarks/batch_overhead.py [--quick] [--against DIR]

The orchestrator writes a few bytes. gt-batch runs it in a child process, commits each event to a ledger on
the disk, and stores the video with its result file. A batch of few stories is subtracted from one of many,
so that the start is not counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.figures import BEFORE, OURS, alternate, arguments, show

HERE: Final = Path(__file__).resolve().parent
FEW: Final = 5


def seconds(checkout: Path, stories: int) -> float:
    """Return how long a batch takes with a checkout's gt-batch.

    Raises:
        RuntimeError: not every story was made
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = (f"https://www.reddit.com/r/tifu/comments/{n:x}a/a_title/\n" for n in range(stories))
        (folder / "list.txt").write_text("".join(lines))
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GT_")} | {
            "GT_LEDGER_URL": f"sqlite:///{folder / 'ledger.db'}",
            "GT_OUTPUT": str(folder / "outputs"),
            "GT_STATE_DIR": str(folder / "state"),
            "PYTHONPATH": str(HERE / "worker_parts"),
        }
        program = str(checkout / ".venv" / "bin" / "gt-batch")
        command = [program, "-f", "list.txt", "--orchestrator", "noop:Small"]
        begun = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"gt-batch ended with {done.returncode}: {done.stderr[-2000:]}")
        return time.perf_counter() - begun


def added(checkout: Path, stories: int) -> float:
    """Return the milliseconds that gt-batch takes for each story."""
    return 1000 * (seconds(checkout, FEW + stories) - seconds(checkout, FEW)) / stories


def main() -> int:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    stories, rounds = (60, 1) if given.quick else (300, given.rounds)
    checkouts = {OURS: HERE.parent} | ({BEFORE: given.against.resolve()} if given.against else {})

    def of(checkout: Path) -> Callable[[], float]:
        return lambda: added(checkout, stories)

    found = alternate({name: of(path) for name, path in checkouts.items()}, rounds)
    show("gt-batch, added to a story", "ms", "less", found, goal="<= 50")
    return 0


if __name__ == "__main__":
    sys.exit(main())
