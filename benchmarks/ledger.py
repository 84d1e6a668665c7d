"""How many events per second a ledger stores, and how long its queries take, on SQLite and PostgreSQL.

    python benchmarks/ledger.py [--stories 5000] [--group 200] [--postgres URL]

The PostgreSQL server gets a database of the benchmark's own, dropped at the end; without --postgres or
GT_TEST_POSTGRES_URL only SQLite is measured.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from gt_common.failures import Failure
from gt_common.ledger import Ledger, open_ledger
from gt_common.messages import (
    BatchOpened,
    BatchStories,
    Event,
    StoryEntry,
    StoryRetrying,
    StoryStarted,
    StorySucceeded,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PER_BATCH = 500
BATCHES = 2000

Answer = TypeVar("Answer")


def life(batch_id: str, number: int) -> list[Event]:
    """Make the events of one story: three of four succeed at once, one after a retry."""
    of_story = {
        "batch_id": batch_id,
        "story_id": f"story-{number}",
        "position": number,
        "url": f"https://www.reddit.com/comments/{number}/",
        "worker": f"worker-{number % 4}",
        "started_at": START,
    }
    begun = StoryStarted(at=START, **of_story)
    if number % 4:
        return [begun, StorySucceeded(output_path=f"/videos/{number}.mp4", at=START, **of_story)]
    failure = Failure(type="TimeoutError", message="no answer", traceback="line\n" * 40)
    later = START + timedelta(seconds=10)
    return [
        begun,
        StoryRetrying(failure=failure, until=later, at=START, **of_story),
        StoryStarted(at=later, attempt=2, **of_story),
        StorySucceeded(output_path=f"/videos/{number}.mp4", at=later, attempt=2, **of_story),
    ]


def work(stories: int) -> list[Event]:
    """Make batches with their lists, then all events of their stories in a random order."""
    heads: list[Event] = []
    events: list[Event] = []
    for first in range(1, stories + 1, PER_BATCH):
        numbers = range(first, min(first + PER_BATCH, stories + 1))
        batch_id = f"batch-{first}"
        lines = tuple(
            StoryEntry(story_id=f"story-{n}", position=n, url=f"https://redd.it/{n}") for n in numbers
        )
        heads += [
            BatchOpened(batch_id=batch_id, total=len(numbers)),
            BatchStories(batch_id=batch_id, stories=lines),
        ]
        events += [event for number in numbers for event in life(batch_id, number)]
    random.Random(1).shuffle(events)  # noqa: S311 - the same order each time
    return heads + events


def many_batches() -> list[Event]:
    """Make a long list of small batches."""
    return [
        event
        for number in range(BATCHES)
        for event in (BatchOpened(batch_id=f"small-{number}", total=2), *life(f"small-{number}", 1))
    ]


def timed(task: Callable[[], Answer]) -> tuple[float, Answer]:
    """Run a task. Return the seconds that it took, and its result."""
    begun = time.perf_counter()
    answer = task()
    return time.perf_counter() - begun, answer


def apply_in_groups(ledger: Ledger, events: list[Event], size: int) -> int:
    """Store events in groups. Return how many were new."""
    return sum(ledger.apply(events[start : start + size]) for start in range(0, len(events), size))


def measure(name: str, url: str, events: list[Event], size: int) -> None:
    """Print one ledger's figures."""
    opening, ledger = timed(lambda: open_ledger(url))
    with ledger:
        first, new = timed(lambda: apply_in_groups(ledger, events, size))
        assert new == len(events)
        again, repeated = timed(lambda: apply_in_groups(ledger, events, size))
        assert repeated == 0
        apply_in_groups(ledger, many_batches(), 1000)
        listing, batches = timed(lambda: ledger.batches(50))
        assert len(batches) == 50
        one, state = timed(lambda: ledger.batch("batch-1"))
        line, spans = timed(lambda: ledger.attempts("batch-1"))
        assert len(spans) >= len(state.stories)
    print(f"{name}: made and opened in {opening:.2f} s")
    print(
        f"  apply, groups of {size}: {new / first:,.0f} events/s new, {new / again:,.0f} events/s seen before"
    )
    print(
        f"  batches(50) of {BATCHES:,}: {listing * 1000:.1f} ms; "
        f"batch() of {state.total} stories: {one * 1000:.1f} ms; attempts(): {line * 1000:.1f} ms"
    )


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """Create a database on a server for the duration of a block."""
    import psycopg

    name = f"gt_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def main() -> None:
    """Measure both kinds of ledger."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stories", type=int, default=5000)
    parser.add_argument("--group", type=int, default=200)
    parser.add_argument("--postgres", default=os.environ.get("GT_TEST_POSTGRES_URL"), metavar="URL")
    given = parser.parse_args()
    events = work(given.stories)
    print(f"{len(events):,} events of {given.stories:,} stories")
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{Path(folder) / 'ledger.db'}", events, given.group)
    if given.postgres:
        with postgres_database(given.postgres) as url:
            measure("PostgreSQL", url, events, given.group)


if __name__ == "__main__":
    main()
