"""How many events per second a ledger stores, in groups of the size that gt-aggregate makes.

    python benchmarks/ledger.py [--quick] [--large] [--against DIR] [--postgres URL]

Its large runs tell how the speed changes with the ledger's size: the last quarter of the events against the
first. PostgreSQL gets a database of the benchmark's own, which is dropped at the end; without --postgres or
GT_TEST_POSTGRES_URL only SQLite is measured. DIR is another checkout with a built .venv, run in turn.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from bench.figures import arguments
from gt_common.ledger import open_ledger
from gt_common.messages import BatchOpened, BatchStories, Event, StoryEntry, StoryStarted, StorySucceeded
from side_by_side import Measure, compare, is_child

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BATCH = "20260301-120000-benchmark"
PER_LIST = 500
QUICK = (2_000,)
SIZES = (1_000, 10_000, 100_000)
GOAL_AT = 10_000
LARGE = 100_000
MILLION = 1_000_000
AT_WORK = 40
"""Stories that are running at a time; they end in a random order."""


def story_id(number: int) -> str:
    """Return an id that says nothing about its place, as real ones do."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:16]


def life(number: int) -> tuple[Event, Event]:
    """Make the events of one story."""
    of_story = {
        "batch_id": BATCH,
        "story_id": story_id(number),
        "position": number,
        "url": f"https://www.reddit.com/comments/{number}/",
        "worker": f"worker-{number % 4}",
        "started_at": START + timedelta(seconds=number),
    }
    begun = StoryStarted.model_validate({**of_story, "at": START + timedelta(seconds=number)})
    ended = {"at": START + timedelta(seconds=number + 10), "output_path": f"/videos/{number}.mp4"}
    return begun, StorySucceeded.model_validate({**of_story, **ended})


def lists(stories: int) -> Iterator[Event]:
    """Make the opening of a batch and its list."""
    yield BatchOpened(batch_id=BATCH, total=stories)
    for first in range(1, stories + 1, PER_LIST):
        numbers = range(first, min(first + PER_LIST, stories + 1))
        lines = (
            StoryEntry(story_id=story_id(n), position=n, url=f"https://www.reddit.com/comments/{n}/")
            for n in numbers
        )
        yield BatchStories(batch_id=BATCH, stories=tuple(lines))


def work(stories: int) -> Iterator[Event]:
    """Make the events of all stories, in the order in which a fleet publishes them."""
    chance = random.Random(1)  # noqa: S311 - the same order each time
    running: list[Event] = []
    for number in range(1, stories + 1):
        begun, ended = life(number)
        yield begun
        running.append(ended)
        if len(running) == AT_WORK:
            yield running.pop(chance.randrange(AT_WORK))
    yield from running


def group_size() -> int:
    """Return how many events the checkout's aggregator writes at once."""
    for room in ("gt_consumer.aggregator.aggregator", "gt_consumer.aggregator"):
        with suppress(ModuleNotFoundError):
            number: int = import_module(room).GROUP
            return number
    raise SystemExit("this checkout has no gt-aggregate")


def measure(url: str, stories: int) -> dict[str, float]:
    """Store a batch; return the figures of its events, without its list."""
    total, done, spent = 2 * stories, 0, 0.0
    ends: list[tuple[int, float]] = []
    size = group_size()
    with open_ledger(url) as ledger:
        opening = lists(stories)
        while group := [*islice(opening, 25)]:
            ledger.apply(group)
        events = work(stories)
        while group := [*islice(events, size)]:
            begun = time.perf_counter()
            assert ledger.apply(group) == len(group)
            spent += time.perf_counter() - begun
            done += len(group)
            ends.append((done, spent))
    quarter = total // 4
    first = next(end for end in ends if end[0] >= quarter)
    before_last = next(end for end in ends if end[0] >= total - quarter)
    last = (ends[-1][0] - before_last[0]) / max(1e-9, ends[-1][1] - before_last[1])
    return {
        "rate": done / spent,
        "last_to_first": last / (first[0] / first[1]),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Provide an empty ledger for the duration of a block: `sqlite`, or the URL of a PostgreSQL server."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'ledger.db'}"
        return
    import psycopg

    name = f"gt_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(kind, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlsplit(kind)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def main() -> None:
    """Measure both kinds of ledger."""
    parser = arguments(__doc__)
    parser.add_argument("--postgres", default=os.environ.get("GT_TEST_POSTGRES_URL"), metavar="URL")
    given = parser.parse_args()
    rounds = 1 if given.quick else given.rounds
    kinds = [("SQLite", "sqlite", 2.0)] + ([("PostgreSQL", given.postgres, 3.0)] if given.postgres else [])
    for name, kind, goal in kinds:
        for stories in QUICK if given.quick else SIZES:
            wanted = goal if stories == GOAL_AT else ""
            fold(name, kind, stories, wanted, given.against, rounds)
    if given.large:
        fold("SQLite", "sqlite", MILLION, "", None, 1)


def fold(name: str, kind: str, stories: int, goal: float | str, against: Path | None, rounds: int) -> None:
    """Measure a ledger of one size; the last quarter beside the first from 100,000 stories on."""
    series = f"fold into {name}"
    measures = [
        Measure(f"{series}, {stories:,} stories", "rate", "events/s", goal, series=series, size=stories),
        Measure(f"{series}, {stories:,} stories, memory", "mib", "MiB", less=True),
    ]
    if stories >= LARGE:
        last = f"{series}, last quarter to first of {stories:,}"
        measures.append(Measure(last, "last_to_first", "x", ">= 0.9"))
    compare(__file__, [kind, str(stories)], measures, against, rounds if stories < LARGE else 1)


if __name__ == "__main__":
    if is_child():
        with database(sys.argv[2]) as ledger_url:
            print(json.dumps(measure(ledger_url, int(sys.argv[3]))))
    else:
        main()
