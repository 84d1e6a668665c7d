"""What one event costs a program that follows a batch, by the size of the batch.

    python benchmarks/view.py [--quick] [--against DIR]

Two measures: the fold and draw of one event, and the work of `gt-produce --wait` for a whole batch, from the
bytes of its events to the lines of its progress, without the broker's client. `--against` names a checkout of
another version with its `.venv`; both run in turn. Times are processor times, which other programs disturb
less.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.figures import BEFORE, OURS, alternate, arguments, show

SIZES: Final = (1_000, 10_000, 100_000)
LARGE: Final = 1_000_000
ONCE_FROM: Final = 100_000
"""From this size on there is one round, since an older version needs minutes for it."""
QUICK: Final = (1_000, 10_000)
EVENTS: Final = 1_000
HERE: Final = Path(__file__).resolve().parent.parent

PROGRAM: Final = """
import io, sys, time
from datetime import UTC, datetime
from rich.console import Console
from gt_common.messages import (
    BatchOpened, BatchStories, StoryEntry, StoryStarted, StorySucceeded, decode_event, encode,
)
try:
    from gt_common.progress.display import Progress
except ImportError:
    from gt_common.progress import Progress

what, size, events = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
at = datetime(2026, 3, 1, tzinfo=UTC)

def fields(number):
    return {"batch_id": "b", "story_id": f"story-{number}", "position": number, "at": at,
            "url": f"https://www.reddit.com/comments/{number:x}/", "worker": f"worker-{number % 4}"}

def head():
    yield BatchOpened(batch_id="b", total=size, at=at)
    for first in range(1, size + 1, 500):
        lines = tuple(
            StoryEntry(story_id=f"story-{n}", position=n, url=f"https://www.reddit.com/comments/{n:x}/")
            for n in range(first, min(first + 500, size + 1)))
        yield BatchStories(batch_id="b", stories=lines)

def life(number):
    yield StoryStarted(**fields(number))
    yield StorySucceeded(**fields(number), output_path=f"/videos/{number}.mp4", duration_s=30.0 + number % 7)

progress = Progress("b", live=False, console=Console(file=io.StringIO()))
for event in head():
    progress.event(event)
bodies = [encode(event) for number in range(1, events // 2 + 1) for event in life(number)]
if what == "event":
    decoded = [decode_event(body) for body in bodies]
    begun = time.process_time()
    for event in decoded:
        progress.event(event)
    print((time.process_time() - begun) / len(decoded))
else:
    begun = time.process_time()
    for body in bodies:
        before = progress.state
        progress.event(decode_event(body))
        if what == "compare" and progress.state != before:
            pass
    print(time.process_time() - begun)
"""


def run(checkout: Path, what: str, size: int, events: int) -> float:
    """Return the seconds that a checkout's program says."""
    command = [str(checkout / ".venv" / "bin" / "python"), "-c", PROGRAM, what, str(size), str(events)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compared(
    measure: str,
    goal: str,
    what: tuple[str, int, int],
    other: Path | None,
    unit: str,
    scale: float,
    rounds: int = 3,
) -> float:
    """Measure in turn, print one line, and return our median in the unit."""
    kind, size, events = what

    def ours() -> float:
        return run(HERE, kind, size, events) * scale

    def others() -> float:
        # The state was compared as a whole after each event before it said itself whether it changed.
        compare = "compare" if kind == "follow" else kind
        assert other is not None
        return run(other, compare, size, min(events, 400) if kind == "event" else events) * scale

    sides = {OURS: ours} | ({BEFORE: others} if other else {})
    values = alternate(sides, rounds if size < ONCE_FROM else 1)
    show(f"{measure}, batch of {size:,}", unit, "less", values, goal=goal, series=measure, size=size)
    return statistics.median(values[OURS])


def main() -> int:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    rounds = 1 if given.quick else given.rounds
    for size in QUICK if given.quick else (*SIZES, LARGE) if given.large else SIZES:
        other = given.against if size < LARGE else None
        compared("fold and draw of one event", "<= 0.05", ("event", size, EVENTS), other, "ms", 1e3, rounds)
    each: dict[int, float] = {}
    for size in (1_000,) if given.quick else (1_000, 10_000):
        goal = "ratio >= 3" if size == 10_000 else ""
        few = rounds if size == 1_000 else 1
        whole = compared("following to the end", goal, ("follow", size, 2 * size), given.against, "s", 1, few)
        each[size] = whole / size
    if not given.quick:
        growth = each[10_000] / each[1_000]
        show("following, a story of 10,000 to one of 1,000", "x", "less", {OURS: [growth]}, goal="<= 1.5")
    return 0


if __name__ == "__main__":
    sys.exit(main())
