"""Pruning a ledger: what goes, what is kept, what the tombstones know, and what happens beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, select, text

from gt_common.errors import CredentialsRefusedError, NoSuchBatchError
from gt_common.ledger import open_ledger, read_ledger, recent_batch_ids
from gt_common.ledger.find_batch import check_known
from gt_common.ledger.ledger import Ledger
from gt_common.ledger.pruning.candidates import Age
from gt_common.ledger.schema import metadata
from gt_common.lifecycle import BatchState, StoryStatus
from gt_common.messages import (
    GT_BATCH,
    BatchPaused,
    BatchStories,
    Event,
    StoryCancelled,
    StoryEntry,
    StoryFailed,
    StoryRequeued,
    StoryStarted,
    StorySucceeded,
    UnknownEvent,
    made_from,
)
from gt_common.report.building import build_report
from support.fleet import TESTS
from support.samples.events import NOON, TIMED_OUT, at, letter, opened

OLD = timedelta(days=100)
NOW = NOON + OLD
AGE = Age(NOW - timedelta(days=90), NOW)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url) as ledger:
        yield ledger


def url(batch_id: str, number: int) -> str:
    return f"https://www.reddit.com/comments/{batch_id}{number}/"


def story(kind: type, batch_id: str, number: int, seconds: float = 0, **given: object) -> Event:
    fields = {"batch_id": batch_id, "story_id": f"{batch_id}-{number}", "position": number}
    event: Event = kind(**fields, url=url(batch_id, number), at=at(seconds), **given)
    return event


def success(batch_id: str, number: int, seconds: float = 2, **given: object) -> Event:
    path = {"output_path": f"/videos/{batch_id}/{number}.mp4", "project_id": "a-project", "duration_s": 1.5}
    return story(StorySucceeded, batch_id, number, seconds, **path, **given)


def a_batch(batch_id: str, stories: int, last: Event | None = None, **opening: object) -> list[Event]:
    """Make the events of a batch whose stories succeed, but for the last one if it has another end."""
    entries = tuple(
        StoryEntry(story_id=f"{batch_id}-{number}", position=number, url=url(batch_id, number))
        for number in range(1, stories + 1)
    )
    other = last is not None and not isinstance(last, BatchPaused)
    ends = [success(batch_id, number) for number in range(1, stories if other else stories + 1)]
    return [
        opened(stories, batch_id=batch_id).model_copy(update=opening),
        BatchStories(batch_id=batch_id, at=NOON, stories=entries),
        *(story(StoryStarted, batch_id, number, 1) for number in range(1, stories + 1)),
        *ends,
        *([last] if last else []),
    ]


def claim(ledger: Ledger, batch_id: str, age: Age = AGE) -> bool:
    """Write the tombstone of a batch, if it may be pruned."""
    found = [one for one in ledger.old_batches(age) if one.batch_id == batch_id]
    return bool(found) and ledger.pruner().claim(found[0], age)


def prune(ledger: Ledger, batch_id: str) -> bool:
    claimed = claim(ledger, batch_id)
    if claimed:
        ledger.pruner().remove_rows(batch_id)
    return claimed


def rows_of(ledger: Ledger, batch_id: str) -> dict[str, int]:
    with ledger._database.reading() as connection:
        return {
            table.name: len(connection.execute(select(table.c.batch_id).filter_by(batch_id=batch_id)).all())
            for table in metadata.sorted_tables
            if "batch_id" in table.c
        }


def report(ledger: Ledger, batch_id: str) -> str:
    return build_report(ledger.batch(batch_id), NOW).model_dump_json()


def test_a_pruned_batch_leaves_a_tombstone_and_the_others_stay_as_they_are(ledger: Ledger) -> None:
    ledger.apply([*a_batch("old", 3), *a_batch("kept", 2, success("kept", 2, 99 * 86400))])
    before, attempts = report(ledger, "kept"), ledger.attempts("kept")
    [found] = ledger.old_batches(AGE, sizes=True)
    assert (found.batch_id, found.total, found.events, found.kept) == ("old", 3, 8, "")
    assert found.last_event_at == at(2)
    assert found.size > 1000
    assert prune(ledger, "old")
    assert rows_of(ledger, "old") == dict.fromkeys(rows_of(ledger, "old"), 0) | {
        "gt_pruned": 1,
        "gt_pruned_stories": 3,
    }
    assert [batch.batch_id for batch in ledger.batches()] == ledger.batch_ids(9) == ["kept"]
    assert (report(ledger, "kept"), ledger.attempts("kept")) == (before, attempts)
    with pytest.raises(NoSuchBatchError, match="removed by gt-prune on 2026-06-09: 3 stories, 3 successful"):
        check_known(ledger, "old")
    with pytest.raises(NoSuchBatchError, match="removed by gt-prune"):
        ledger.batch("old")


def test_a_story_of_a_pruned_batch_still_counts_as_made_and_as_known(ledger: Ledger) -> None:
    source = made_from("https://x.example/", {"voice": "alto"}, "studio")
    last = story(StoryFailed, "old", 2, failure=TIMED_OUT)
    ledger.apply([*a_batch("old", 2, last, made_by=GT_BATCH), success("old", 1, 3, made_from=source)])
    asked = [url("old", 1), url("old", 2), url("other", 1)]
    [[video]] = ledger.made(asked).values()
    assert prune(ledger, "old")
    [[kept]] = ledger.made(asked).values()
    assert kept.removed_at is None
    assert kept.event.model_dump(exclude={"project_id", "duration_s"}) == video.event.model_dump(
        exclude={"project_id", "duration_s"}
    )
    assert kept.event.made_from == source
    assert ledger.known_stories(asked) == set(asked[:2])
    ledger.pruner().note_videos_removed("old", NOW)
    ledger.pruner().note_videos_removed("old", NOW + OLD)
    assert [video.removed_at for video in ledger.made(asked)[url("old", 1)]] == [NOW]


def test_late_events_of_a_pruned_batch_are_dropped_and_counted(ledger: Ledger) -> None:
    events = a_batch("old", 2)
    ledger.apply(events)
    assert prune(ledger, "old")
    strange = UnknownEvent(type="story.sung", v=1, event_id="e", batch_id="old", story_id=None, body="{}")
    kept = a_batch("new", 1)
    assert ledger.apply([*events, *kept, success("old", 2, 5), strange]) == len(kept)
    assert ledger.apply([opened(7, batch_id="old", seconds=9)]) == 0
    assert ledger.batch_ids(9) == ["new"]
    assert rows_of(ledger, "old")["gt_events"] == rows_of(ledger, "old")["gt_unknown_events"] == 0
    assert ledger.tombstones(["old"])["old"].late == len(events) + 3
    with pytest.raises(NoSuchBatchError, match="9 events arrived later and were dropped"):
        check_known(ledger, "old")


@pytest.mark.parametrize(
    ("last", "opening", "why"),
    [
        (story(StoryStarted, "b", 2, 3), {}, "1 story not finished"),
        (story(StoryFailed, "b", 2, failure=TIMED_OUT), {}, "1 dead letter; replay or discard"),
        (story(StoryFailed, "b", 2, failure=TIMED_OUT), {"made_by": GT_BATCH}, ""),
        (
            story(StoryCancelled, "b", 2, by="me", purge_at=NOW + OLD, letter=letter()),
            {},
            "its cancelled stories can be restored until 2026-09-17",
        ),
        (story(StoryCancelled, "b", 2, by="me", purge_at=NOW, letter=letter()), {}, ""),
        (story(StoryCancelled, "b", 2, by="me", purge_at=NOW), {}, ""),
        (BatchPaused(batch_id="b", at=NOON, by="me", revision=1), {}, "it is paused"),
    ],
)
def test_a_batch_that_somebody_may_need_is_kept(
    ledger: Ledger, last: Event, opening: dict[str, object], why: str
) -> None:
    ledger.apply(a_batch("b", 2, last, **opening))
    [found] = ledger.old_batches(AGE)
    assert found.kept.startswith(why)
    assert bool(found.kept) == bool(why)
    assert prune(ledger, "b") == (not why)
    assert ledger.knows("b") == bool(why)


def test_dead_letters_go_when_they_are_given_up(ledger: Ledger) -> None:
    ledger.apply(a_batch("b", 2, story(StoryFailed, "b", 2, failure=TIMED_OUT, letter=letter())))
    assert (len(ledger.failed()), len(ledger.letter_keys(StoryStatus.FAILED))) == (1, 1)
    assert claim(ledger, "b", Age(AGE.before, NOW, failed=True))
    assert (ledger.failed(), ledger.letter_keys(StoryStatus.FAILED)) == ([], [])


@pytest.mark.parametrize(
    "late",
    [
        story(StoryFailed, "b", 1, 50 * 86400, failure=TIMED_OUT),
        UnknownEvent(type="story.sung", v=1, event_id="e", batch_id="b", story_id=None, body="{}"),
    ],
)
def test_the_last_event_counts_also_one_that_decides_nothing(
    ledger: Ledger, late: Event | UnknownEvent
) -> None:
    ledger.apply([*a_batch("b", 1), late])
    assert [*ledger.old_batches(AGE)] == []
    assert not prune(ledger, "b")


@pytest.mark.parametrize(
    "event",
    [
        story(StoryRequeued, "b", 1, 3, generation=2, by="me"),
        opened(4, batch_id="b", seconds=3),
        story(StoryFailed, "b", 3, 3, failure=TIMED_OUT),
        success("b", 1, 99 * 86400, generation=2),
    ],
)
def test_a_batch_that_changed_since_it_was_found_is_kept(ledger: Ledger, event: Event) -> None:
    ledger.apply(a_batch("b", 3, success("b", 3)))
    [found] = ledger.old_batches(AGE)
    if isinstance(event, StoryFailed):
        event = event.model_copy(update={"generation": 2})
    ledger.apply([event])
    assert not ledger.pruner().claim(found, AGE)
    assert ledger.knows("b")


def test_a_batch_is_gone_for_readers_as_soon_as_it_has_its_tombstone(ledger: Ledger, ledger_url: str) -> None:
    ledger.apply(a_batch("b", 3))
    version = ledger.version()
    [found] = ledger.old_batches(AGE)
    pruner = ledger.pruner()
    assert pruner.claim(found, AGE)
    assert ledger.version() > version
    assert not pruner.claim(found, AGE)
    assert rows_of(ledger, "b")["gt_stories"] == 3
    with read_ledger(ledger_url) as reader:
        assert not reader.knows("b")
        assert (reader.batches(), reader.batch_ids(9), [*reader.old_batches(AGE)]) == ([], [], [])
        assert recent_batch_ids(ledger_url, "b", timeout=5) == []
        [left] = reader.incomplete_tombstones()
        assert left.batch_id == "b"
        assert ledger.apply([success("b", 2, 9)]) == 0
        pruner.remove_rows("b")
        assert reader.incomplete_tombstones() == []
        assert len(reader.made([url("b", number) for number in (1, 2, 3)])) == 3
    assert rows_of(ledger, "b")["gt_events"] == 0


def test_a_run_that_is_killed_leaves_a_sound_ledger_and_the_next_one_completes_it(
    ledger: Ledger, ledger_url: str
) -> None:
    ledger.apply([event for name in ("a", "b", "c") for event in a_batch(name, 900)])
    kept = report(ledger, "c")
    program = [sys.executable, "-m", "support.programs.killed_pruner", ledger_url]
    for writes in ("1", "3"):
        killed = subprocess.run([*program, writes, NOW.isoformat()], cwd=TESTS, timeout=60)
        assert killed.returncode == -signal.SIGKILL
    [left] = ledger.incomplete_tombstones()
    assert left.batch_id == "a"
    assert ledger.batch_ids(9) == ["c", "b"]
    assert 0 < rows_of(ledger, "a")["gt_events"] < 1802
    for name in ("a", "b"):
        claim(ledger, name)
        ledger.pruner().remove_rows(name)
    assert ledger.incomplete_tombstones() == []
    assert rows_of(ledger, "a") == rows_of(ledger, "b")
    assert rows_of(ledger, "a")["gt_pruned_stories"] == 900
    assert ledger.batch_ids(9) == ["c"]
    assert report(ledger, "c") == kept


def test_an_aggregator_writes_beside_it(ledger: Ledger, ledger_url: str) -> None:
    ledger.apply([event for name in ("a", "b") for event in a_batch(name, 1500)])
    expected: list[BatchState] = []
    stop = threading.Event()

    def write() -> None:
        with open_ledger(ledger_url) as other:
            number = 0
            while not stop.wait(0.01) or not number:  # as an aggregator rests between its groups
                number += 1
                other.apply([*a_batch(f"new{number}", 2), success("a", 1, number)])
                expected.append(other.batch(f"new{number}"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert prune(ledger, "a")
        assert prune(ledger, "b")
    finally:
        stop.set()
        writer.join()
    assert len(expected) > 1, "the writer had its turn"
    assert [ledger.batch(state.batch_id) for state in expected] == expected
    assert rows_of(ledger, "a")["gt_stories"] == rows_of(ledger, "b")["gt_stories"] == 0
    assert set(ledger.batch_ids(10_000)) == {state.batch_id for state in expected}


def test_the_file_of_a_ledger_gets_shorter(tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    with open_ledger(f"sqlite:///{place}") as ledger:
        ledger.apply([*a_batch("old", 700), *a_batch("kept", 1, success("kept", 1, 99 * 86400))])
        assert prune(ledger, "old")
        space = ledger.pruner().give_back()
    assert space.shrinks
    assert space.returned > 300_000
    assert space.free == 0
    assert place.stat().st_size < 600_000


def test_the_file_of_an_older_ledger_is_rewritten_once_on_demand(tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    engine = create_engine(f"sqlite:///{place}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE gt_of_old (number INTEGER)"))
    engine.dispose()
    with open_ledger(f"sqlite:///{place}") as ledger:
        ledger.apply(a_batch("old", 700))
        assert prune(ledger, "old")
        space = ledger.pruner().give_back()
        assert (space.shrinks, space.returned) == (False, 0)
        assert space.free > 300_000
        space = ledger.pruner().give_back(rewrite=True)
        assert space.shrinks
        assert space.returned > 300_000
        assert ledger.made([url("old", 7)])
    assert place.stat().st_size < 600_000


@pytest.mark.postgres
def test_a_user_who_may_only_read_sees_what_is_old_and_may_not_prune(postgres_url: str) -> None:
    name = f"gt_reader_{postgres_url[-12:]}"
    with open_ledger(postgres_url) as ledger, psycopg.connect(postgres_url, autocommit=True) as admin:
        ledger.apply(a_batch("old", 1))
        admin.execute(f"CREATE ROLE {name} LOGIN")
        try:
            admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
            with closing(open_ledger(postgres_url.replace("postgres@", f"{name}@"))) as reader:
                [found] = reader.old_batches(AGE)
                assert found.kept == ""
                with pytest.raises(CredentialsRefusedError, match="permission denied"):
                    reader.pruner().claim(found, AGE)
            assert ledger.knows("old")
        finally:
            admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
