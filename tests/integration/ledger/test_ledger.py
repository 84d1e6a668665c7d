"""The ledger on SQLite and PostgreSQL: each event once, the same state, whichever process writes."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import make_url, text

import support.programs.ledger_writer as ledger_writer
from gt_common.errors import MalformedMessageError, NoSuchBatchError
from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.lifecycle import BatchPhase, StoryStatus, fold
from gt_common.messages import (
    AttemptError,
    BatchStories,
    Event,
    FleetEvent,
    StoryCancelled,
    StoryFailed,
    StoryMessage,
    StoryRequeued,
    StoryRetrying,
    StoryStarted,
    StorySucceeded,
    encode,
)
from gt_common.money import MOST_MILLIONTHS
from support.samples.events import (
    BATCH,
    TIMED_OUT,
    at,
    deliveries,
    entry,
    letter,
    opened,
    spent,
    story_event,
)
from support.unique import unique


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """Yield an empty ledger."""
    with open_ledger(ledger_url) as opened_ledger:
        yield opened_ledger


def of_batch(batch_id: str, events: list[Event]) -> list[Event]:
    """Return the same events with another batch id, without those of the fleet, which every batch shares."""
    return [
        event.model_copy(update={"batch_id": batch_id, "event_id": f"{batch_id}.{event.event_id[:24]}"})
        for event in events
        if not isinstance(event, FleetEvent)
    ]


def dead(number: int) -> StoryFailed:
    """Return the event of a dead letter."""
    message = StoryMessage(
        batch_id=BATCH,
        story_id=f"story-{number}",
        position=number,
        url=entry(number).url,
        canonical_url=entry(number).url,
        options={"voice": "ünïcode 🗣"},
        published_at=at(0),
    )
    error = AttemptError(failure=TIMED_OUT, generation=1, attempt=1, ended_at=at(5))
    event = story_event(StoryFailed, number, 5, letter=message.dead(error).model_dump())
    assert isinstance(event, StoryFailed)
    return event


def test_an_event_counts_once(ledger: Ledger) -> None:
    events: list[Event] = [opened(2), story_event(StoryStarted), story_event(StoryStarted, 2)]
    assert ledger.version() == 0
    assert ledger.apply(events) == 3
    assert ledger.version() == 1
    assert ledger.apply([*events, *events]) == 0
    assert ledger.version() == 1
    assert ledger.apply([*events, story_event(StorySucceeded)]) == 1
    assert ledger.version() == 2
    assert ledger.apply([]) == 0


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivery=deliveries(), data=st.data())
def test_the_ledger_tells_what_the_fold_tells(
    ledger: Ledger, delivery: tuple[list[Event], list[Event]], data: st.DataObject
) -> None:
    batch_id = unique("batch-")
    events, came = (of_batch(batch_id, part) for part in delivery)
    while came:
        size = data.draw(st.integers(1, len(came)))
        ledger.apply(came[:size])
        came = came[size:]
    if events:
        state = ledger.batch(batch_id)
        assert state == fold(batch_id, events)
        summary = next(known for known in ledger.batches(10_000) if known.batch_id == batch_id)
        assert (summary.total, summary.counts, summary.phase) == (state.total, state.counts, state.phase)
        head = ledger.head(batch_id)
        # Kept by difference; the state is a recount.
        assert (head.cost, head.cost_wasted) == (state.cost, state.cost_wasted)
        assert (summary.cost, summary.cost_wasted) == (state.cost, state.cost_wasted)


def test_amounts_beyond_32_bits_are_kept(ledger: Ledger) -> None:
    ledger.apply([spent(number, cost={"elevenlabs": MOST_MILLIONTHS}) for number in (1, 2)])
    assert ledger.head(BATCH).cost == 2 * MOST_MILLIONTHS
    assert ledger.batch(BATCH).stories["story-2"].cost == MOST_MILLIONTHS


def test_the_head_of_a_batch_that_changes_keeps_its_costs(ledger: Ledger) -> None:
    ledger.apply([opened(1, 5), spent()])
    ledger.apply([opened(3, 2)])
    head = ledger.head(BATCH)
    assert (head.expected, head.cost, head.cost_wasted) == (3, 12_000, 12_000)


def test_batches_come_newest_first(ledger: Ledger) -> None:
    for number in range(5):
        start = opened(1, number, batch_id=f"batch-{number}", name=f"list {number}")
        success = story_event(StorySucceeded, seconds=number + 60, batch_id=f"batch-{number}")
        ledger.apply([start, success] if number % 2 else [start])
    found = ledger.batches(3)
    assert [(batch.batch_id, batch.name, batch.phase) for batch in found] == [
        ("batch-4", "list 4", BatchPhase.OPEN),
        ("batch-3", "list 3", BatchPhase.DONE),
        ("batch-2", "list 2", BatchPhase.OPEN),
    ]
    assert [batch.opened_at for batch in found] == [at(4), at(3), at(2)]
    assert [batch.finished_at for batch in found] == [None, at(63), None]
    assert found[0].counts[StoryStatus.QUEUED] == 1


def test_a_batch_of_which_only_late_events_are_known_is_listed(ledger: Ledger) -> None:
    ledger.apply([story_event(StoryStarted)])
    (summary,) = ledger.batches()
    assert (summary.opened_at, summary.name, summary.total) == (None, None, 1)
    ledger.apply([opened(3, seconds=-5, name="late")])
    (summary,) = ledger.batches()
    assert (summary.opened_at, summary.name, summary.total) == (at(-5), "late", 3)


def test_listing_takes_four_queries_however_many_batches(ledger: Ledger) -> None:
    ledger.apply([opened(2, number, batch_id=f"batch-{number}") for number in range(300)])
    statements: list[str] = []
    engine = ledger._database.engine
    sqlalchemy_event.listen(
        engine, "before_cursor_execute", lambda *given: statements.append(str(given[2]).upper())
    )
    assert len(ledger.batches(200)) == 200
    # The batches, their counts, whether those are kept, and the pause of the fleet.
    assert sum("SELECT" in statement for statement in statements) == 4


def test_a_list_is_known_before_anybody_works(ledger: Ledger) -> None:
    lines = tuple(entry(number) for number in range(1, 1201))
    ledger.apply([opened(1200), BatchStories(batch_id=BATCH, stories=lines)])
    state = ledger.batch(BATCH)
    assert state.counts[StoryStatus.QUEUED] == state.total == 1200
    assert [story.position for story in state.stories.values()] == list(range(1, 1201))


def test_a_group_may_hold_more_events_than_a_statement_parameters(ledger: Ledger) -> None:
    events: list[Event] = [story_event(StoryStarted, number) for number in range(1, 1301)]
    assert ledger.apply(events) == 1300
    assert ledger.apply(events) == 0


def test_attempts_tell_the_timeline(ledger: Ledger) -> None:
    ledger.apply(
        [
            story_event(StorySucceeded, 1, 30, attempt=2, worker="b", started_at=at(20)),
            story_event(StoryRetrying, 1, 10, worker="a", started_at=at(0)),
            story_event(StoryStarted, 1, 0, worker="a"),
            story_event(StoryStarted, 1, 20, attempt=2, worker="b"),
            story_event(StoryStarted, 2, 5, worker="a"),
        ]
    )
    spans = [
        (span.story_id, span.attempt, span.worker, span.started_at, span.ended_at, span.outcome)
        for span in ledger.attempts(BATCH)
    ]
    assert spans == [
        ("story-1", 1, "a", at(0), at(10), "retrying"),
        ("story-2", 1, "a", at(5), None, "running"),
        ("story-1", 2, "b", at(20), at(30), "success"),
    ]


def test_dead_letters_come_with_their_message(ledger: Ledger) -> None:
    other = of_batch("batch-0", [opened(1, -10), dead(1)])
    ledger.apply([opened(3), dead(2), dead(1), story_event(StorySucceeded, 3), *other])
    assert [(failed.batch_id, failed.story_id) for failed in ledger.failed()] == [
        ("batch-0", "story-1"),
        (BATCH, "story-1"),
        (BATCH, "story-2"),
    ]
    assert [failed.story_id for failed in ledger.failed(batch_id=BATCH)] == ["story-1", "story-2"]
    (found,) = ledger.failed(batch_id=BATCH, story_id="story-2")
    assert found.letter == dead(2).letter
    ledger.apply([story_event(StoryRequeued, 2, generation=2)])
    assert ledger.failed(batch_id=BATCH, story_id="story-2") == []


def test_discarded_and_replayed_letters_are_told_apart(ledger: Ledger) -> None:
    ledger.apply(
        [
            opened(5),
            *(dead(number) for number in (1, 2, 3, 4)),
            story_event(StoryFailed, 5),
            story_event(StoryCancelled, 1),
            story_event(StoryRequeued, 2, generation=2),
            story_event(StoryStarted, 3, generation=2),
            story_event(StoryRequeued, 5, generation=2),
        ]
    )
    (cancelled,) = ledger.cancelled()
    assert (cancelled.story_id, cancelled.letter) == ("story-1", letter(1))
    assert ledger.cancelled(batch_id="batch-0") == ledger.cancelled(story_id="story-2") == []
    replayed = [(type(event), found) for event, found in ledger.replayed(batch_id=BATCH)]
    assert replayed == [(StoryRequeued, dead(2).letter), (StoryStarted, dead(3).letter)], (
        "story 4 was not replayed, story 5 never had a letter"
    )
    assert len(ledger.replayed(story_id="story-3")) == 1
    assert [failed.story_id for failed in ledger.failed()] == ["story-4"]
    restored = dead(1).model_copy(update={"event_id": "restored", "generation": 2})
    ledger.apply([story_event(StorySucceeded, 2, generation=2), restored])
    assert [event.story_id for event, _ in ledger.replayed()] == ["story-3"]
    assert ledger.cancelled() == []


def test_an_unknown_batch_is_said(ledger: Ledger) -> None:
    for ask in (ledger.batch, ledger.attempts):
        with pytest.raises(NoSuchBatchError, match=r"'nowhere'.*gt-report"):
            ask("nowhere")


def test_an_event_that_cannot_be_stored_keeps_its_whole_group_out(ledger: Ledger) -> None:
    before_time = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    impossible = story_event(StoryStarted, 2).model_copy(update={"at": before_time})
    with pytest.raises(MalformedMessageError, match="cannot store"):
        ledger.apply([story_event(StoryStarted), impossible])
    assert ledger.batches() == []
    assert ledger.version() == 0
    assert ledger.apply([story_event(StoryStarted)]) == 1


def test_times_keep_their_moment_whatever_the_zone(ledger: Ledger) -> None:
    zone = timezone(timedelta(hours=-7))
    ledger.apply([opened(1), story_event(StoryStarted).model_copy(update={"at": at(3).astimezone(zone)})])
    (span,) = ledger.attempts(BATCH)
    assert span.started_at == at(3)
    assert span.started_at.utcoffset() == timedelta(0)


def test_readers_are_not_kept_waiting_by_a_writer(ledger: Ledger, ledger_url: str) -> None:
    ledger.apply([opened(1)])
    with ledger._database.writing() as connection:
        connection.execute(text("UPDATE gt_batches SET expected = 9"))
        with open_ledger(ledger_url, timeout=1) as reader:
            assert reader.batch(BATCH).total == 1
    assert ledger.batch(BATCH).total == 9


def test_what_was_committed_is_there_after_reopening(ledger_url: str) -> None:
    with open_ledger(ledger_url) as first:
        first.apply([opened(1), story_event(StorySucceeded)])
    with open_ledger(ledger_url) as second:
        assert second.batch(BATCH).phase is BatchPhase.DONE
        assert second.version() == 1


def test_two_processes_with_overlapping_events_agree(ledger_url: str, tmp_path: Path) -> None:
    """They also start together on a ledger that does not exist yet."""
    kinds = (StoryStarted, StoryRetrying, StorySucceeded)
    events: list[Event] = [opened(40)]
    events += [story_event(kind, number, number) for number in range(1, 41) for kind in kinds]
    writers = []
    for seed in (1, 2):
        file = tmp_path / f"events-{seed}.jsonl"
        mine = random.Random(seed).sample(  # noqa: S311 - a shuffle that can be repeated
            events, k=100 if seed == 1 else len(events)
        )
        file.write_bytes(b"\n".join(encode(event) for event in mine))
        command = [sys.executable, ledger_writer.__file__, ledger_url, str(file), "7"]
        writers.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    ends = [writer.communicate(timeout=60) for writer in writers]
    assert [problem for _, problem in ends] == [b"", b""]
    assert sum(int(new) for new, _ in ends) == len(events)
    with open_ledger(ledger_url) as ledger:
        assert ledger.batch(BATCH) == fold(BATCH, events)


@pytest.mark.postgres
def test_a_lost_connection_is_made_anew(postgres_url: str) -> None:
    with open_ledger(postgres_url) as ledger, open_ledger(postgres_url) as other:
        ledger.apply([opened(1)])
        with other._database.writing() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        assert ledger.apply([story_event(StorySucceeded)]) == 1


@pytest.mark.postgres
def test_the_old_scheme_works_too(postgres_url: str) -> None:
    old = make_url(postgres_url).set(drivername="postgres")
    with open_ledger(old.render_as_string(hide_password=False)) as ledger:
        assert ledger.batches() == []


def test_titles_are_kept_with_the_stories(ledger: Ledger) -> None:
    told: list[Event] = [
        story_event(StoryStarted, 1),
        BatchStories(batch_id=BATCH, stories=(entry(1, title="My sister"), entry(2))),
        story_event(StorySucceeded, 1, 5),
    ]
    for event in told:
        ledger.apply([event])
    stories = ledger.batch(BATCH).stories
    assert [stories[f"story-{number}"].title for number in (1, 2)] == ["My sister", None]
    assert ledger.batch(BATCH) == fold(BATCH, told)
