"""A ledger behind PgBouncer in transaction mode, where each transaction may run on another connection."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from gt_common.ledger import open_ledger, read_ledger
from gt_common.lifecycle import fold
from gt_common.messages import BatchStories, Event, StoryStarted, StorySucceeded
from support.samples.events import BATCH, entry, opened, story_event

pytestmark = pytest.mark.postgres


def test_writers_and_readers_work_and_each_event_counts_once(pooled_url: str) -> None:
    numbers = range(1, 41)
    lines = BatchStories(batch_id=BATCH, stories=tuple(entry(number) for number in numbers))
    events: list[Event] = [opened(40), lines]
    events += [story_event(kind, number) for number in numbers for kind in (StoryStarted, StorySucceeded)]
    started = threading.Barrier(4, timeout=90)

    def write() -> int:
        with open_ledger(pooled_url) as ledger:
            started.wait()
            return sum(ledger.apply([event]) for event in events)

    def read() -> None:
        with read_ledger(pooled_url) as reader:
            started.wait()
            for _ in range(30):
                reader.version()
                reader.batches()

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write) for _ in range(2)]
        reading = [pool.submit(read) for _ in range(2)]
        assert sum(future.result(120) for future in writing) == len(events)
        for future in reading:
            future.result(120)
    with read_ledger(pooled_url) as reader:
        assert reader.batch(BATCH) == fold(BATCH, events)


def test_nothing_of_a_session_is_left_to_the_next_user_of_a_connection(pooled_url: str) -> None:
    with open_ledger(pooled_url) as ledger:
        ledger.apply([opened(1)])
        ledger.batches()
    with psycopg.connect(pooled_url, autocommit=True, prepare_threshold=None) as connection:
        for _ in range(6):  # every connection of the pool gets its turn
            settings = connection.execute(
                "SELECT current_setting('lock_timeout'), current_setting('transaction_read_only'), "
                "current_setting('default_transaction_isolation'), "
                "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), "
                "(SELECT count(*) FROM pg_prepared_statements)"
            ).fetchone()
            assert settings == ("0", "off", "read committed", 0, 0)
