"""How many results per second gt-aggregate stores from a full queue, and its processor time for each.

    python benchmarks/aggregate.py [--quick] [--against DIR]

The events of a batch wait in the queue; then gt-aggregate runs until it is idle. The rate counts from its
first commit to its last, so its start is not in it. The broker is that of GT_AMQP_URL; take one of your own.
"""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from bench.figures import BEFORE, OURS, alternate, arguments, show
from bench.fleets import Routed, fleet, put
from gt_common.messages import (
    BatchOpened,
    BatchStories,
    Event,
    StoryEntry,
    StoryStarted,
    StorySucceeded,
    encode,
)

HERE: Final = Path(__file__).resolve().parents[1]
BATCH: Final = "20260301-120000-aggr"
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
PER_LIST: Final = 500
STORED: Final = "SELECT count(*) FROM gt_stories WHERE status = 'success'"
LOOK_S: Final = 0.05
PATIENCE_S: Final = 200.0


class Cost(NamedTuple):
    """Events per second, and milliseconds of processor time for an event, the start included."""

    rate: float
    processor_ms: float


def events(stories: int) -> Iterator[Event]:
    """Yield the events of a batch: its list, then start and success of each story."""
    yield BatchOpened(batch_id=BATCH, total=stories, at=START)
    for first in range(1, stories + 1, PER_LIST):
        numbers = range(first, min(first + PER_LIST, stories + 1))
        lines = tuple(
            StoryEntry(story_id=f"story-{n}", position=n, url=f"https://redd.it/{n:x}") for n in numbers
        )
        yield BatchStories(batch_id=BATCH, stories=lines, at=START)
    for number in range(1, stories + 1):
        begun = START + timedelta(seconds=number)
        fields = {"batch_id": BATCH, "story_id": f"story-{number}", "position": number, "started_at": begun}
        fields |= {"url": f"https://redd.it/{number:x}", "worker": f"worker-{number % 4}"}
        yield StoryStarted.model_validate(fields | {"at": begun})
        ended = {"at": begun + timedelta(seconds=30), "output_path": f"/videos/{number}.mp4"}
        yield StorySucceeded.model_validate(fields | ended)


def routed(stories: int) -> Iterator[Routed]:
    """Yield the messages of a batch."""
    return (("results", f"{BATCH}.{event.type}", encode(event)) for event in events(stories))


def store(checkout: Path, stories: int) -> Cost:
    """Let a checkout's gt-aggregate store a full queue."""
    folder = checkout / ".venv" / "bin"
    with fleet(folder) as environment:
        put(routed(stories), environment)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(
            [folder / "gt-aggregate", "--until-idle"], env=environment, stderr=subprocess.DEVNULL
        ) as process:
            rate = 2 * watch(environment, stories)
            assert process.wait(PATIENCE_S) == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(rate, 1000 * used / (2 * stories))


def watch(environment: Mapping[str, str], stories: int) -> float:
    """Wait until all stories are stored; return how many per second were since the first were seen.

    Raises:
        TimeoutError: they were not
    """
    path = environment["GT_LEDGER_URL"].removeprefix("sqlite:///")
    first: tuple[float, int] | None = None
    deadline = time.monotonic() + PATIENCE_S
    with closing(sqlite3.connect(path)) as ledger:
        while time.monotonic() < deadline:
            stored = int(ledger.execute(STORED).fetchone()[0])
            first = first or ((time.perf_counter(), stored) if stored else None)
            if first and stored == stories:
                return (stored - first[1]) / max(LOOK_S, time.perf_counter() - first[0])
            time.sleep(LOOK_S)
    raise TimeoutError(f"{stories} results were not stored within {PATIENCE_S:g} s")


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    stories, rounds = (5_000, 1) if given.quick else (20_000, given.rounds)
    checkouts = {OURS: HERE} | ({BEFORE: given.against.resolve()} if given.against else {})

    def of(checkout: Path) -> Callable[[], Cost]:
        return lambda: store(checkout, stories)

    found = alternate({name: of(checkout) for name, checkout in checkouts.items()}, rounds)
    rates = {name: [cost.rate for cost in costs] for name, costs in found.items()}
    used = {name: [cost.processor_ms for cost in costs] for name, costs in found.items()}
    what = f"full queue of {2 * stories:,} results"
    show(what, "results/s", "more", rates, goal="ratio >= 3")
    show(f"{what}, processor time of each", "ms", "less", used)


if __name__ == "__main__":
    main()
