"""The outbox: what is told is written with the events that it is about, once, and again after a replay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from gt_common.failures import Failure
from gt_common.ledger import Ledger, open_ledger, outbox
from gt_common.ledger.outbox import NotificationKind
from gt_common.ledger.schema import outbox as table
from gt_common.lifecycle import BatchPhase, BatchState, fold
from gt_common.messages import (
    BatchResumed,
    BatchStories,
    Event,
    StoryCancelled,
    StoryFailed,
    StoryRequeued,
    StoryStarted,
    StorySucceeded,
    utc_now,
)
from support.samples.events import BATCH, at, deliveries, entry, opened, spent, story_event

END, EARLY, BUDGET = NotificationKind.END, NotificationKind.EARLY, NotificationKind.BUDGET


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Ledger]:
    """Yield an empty ledger on SQLite that tells two targets."""
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", notify=("one", "two")) as ledger:
        yield ledger


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """Yield an empty ledger that tells two targets."""
    with open_ledger(ledger_url, notify=("one", "two")) as ledger:
        yield ledger


def listed(number: int) -> list[Event]:
    """Return the events of a new batch of so many stories."""
    return [
        opened(number),
        BatchStories(batch_id=BATCH, stories=tuple(entry(n) for n in range(1, number + 1))),
    ]


def failed(number: int, cause: str = "no voice", seconds: float = 5, **given: object) -> StoryFailed:
    event = story_event(
        StoryFailed, number, seconds, failure=Failure(type="VoiceError", message=cause), **given
    )
    assert isinstance(event, StoryFailed)
    return event


def told(ledger: Ledger, target: str = "one") -> list[tuple[str, int]]:
    """Return what a target is told, as (kind, generation), in the order in which it was written."""
    query = (
        select(table.c.kind, table.c.generation)
        .where(table.c.target == target)
        .order_by(table.c.created_at, table.c.generation, table.c.kind)
    )
    return ledger._database.read(lambda connection: [tuple(row) for row in connection.execute(query)])


def ends(ledger: Ledger) -> int:
    return len([kind for kind, _ in told(ledger) if kind == END])


def pass_time(ledger: Ledger, seconds: float) -> None:
    """Let the times of the outbox lie so much further back."""
    with ledger._database.writing() as connection:
        for row in connection.execute(select(table.c.target, table.c.kind, table.c.due_at)).all():
            same = (table.c.target == row.target, table.c.kind == row.kind)
            connection.execute(
                update(table).where(*same).values(due_at=row.due_at - timedelta(seconds=seconds))
            )


def test_a_batch_that_ends_is_told_once_to_each_target(ledger: Ledger) -> None:
    ledger.apply([*listed(2), story_event(StorySucceeded, 1)])
    assert told(ledger) == []
    last = story_event(StorySucceeded, 2, 9)
    for events in ([last], [last], [story_event(StoryStarted, 2, 1)]):
        ledger.apply(events)
    assert told(ledger, "one") == told(ledger, "two") == [(END, 1)]


def test_stories_that_were_announced_but_have_not_been_seen_keep_a_batch_open(local: Ledger) -> None:
    local.apply([opened(2), story_event(StorySucceeded, 1)])
    assert told(local) == []
    local.apply([story_event(StoryCancelled, 2)])
    assert told(local) == [(END, 1)]


def test_a_batch_whose_announcement_comes_last_is_told_then(local: Ledger) -> None:
    local.apply([failed(1), failed(2)])
    assert told(local) == []
    local.apply([opened(2)])
    assert told(local) == [(EARLY, 1), (END, 1)]


def test_a_replay_that_reopens_a_batch_tells_again_at_its_next_end(ledger: Ledger) -> None:
    ledger.apply([*listed(2), story_event(StorySucceeded, 1), failed(2)])
    ledger.apply([story_event(StoryRequeued, 2, 20, generation=2)])
    assert told(ledger) == [(END, 1)]
    ledger.apply([story_event(StorySucceeded, 2, 30, generation=2)])
    assert told(ledger) == [(END, 1), (END, 2)]


def test_a_replay_and_its_end_that_are_taken_in_together_are_told(local: Ledger) -> None:
    local.apply([*listed(1), failed(1)])
    again = [story_event(StoryRequeued, 1, 20, generation=2), failed(1, seconds=30, generation=2)]
    local.apply(again)
    local.apply(again)
    assert told(local) == [(END, 1), (END, 2)]


def test_discarding_the_dead_letters_of_an_ended_batch_is_not_another_end(local: Ledger) -> None:
    local.apply([*listed(1), failed(1)])
    local.apply([story_event(StoryCancelled, 1, 60)])
    assert told(local) == [(END, 1)]


def test_the_first_cause_with_two_stories_and_a_tenth_of_the_batch_is_told_once(ledger: Ledger) -> None:
    ledger.apply(listed(30))
    for number, cause in [(1, "no voice"), (2, "no voice"), (3, "no panel"), (4, "no panel")]:
        ledger.apply([failed(number, cause)])
    assert told(ledger) == []
    for number in range(5, 12):
        ledger.apply([failed(number)])
    assert told(ledger) == [(EARLY, 1)]


def test_two_of_five_are_enough_and_one_of_five_is_not(local: Ledger) -> None:
    local.apply([*listed(5), failed(1)])
    assert told(local) == []
    local.apply([failed(2)])
    assert told(local) == [(EARLY, 1)]


def test_stories_that_were_replayed_in_time_do_not_count(local: Ledger) -> None:
    local.apply([*listed(5), failed(1)])
    local.apply([story_event(StoryRequeued, 1, 6, generation=2)])
    local.apply([failed(2)])
    assert told(local) == []
    local.apply([failed(1, seconds=7, generation=2)])
    assert told(local) == [(EARLY, 1)]


def test_after_a_replay_only_new_failures_count(local: Ledger) -> None:
    local.apply([*listed(3), *(failed(number) for number in (1, 2, 3))])
    before = [(EARLY, 1), (END, 1)]
    assert told(local) == before
    local.apply([story_event(StoryRequeued, n, 20, generation=2) for n in (1, 2, 3)])
    local.apply([failed(1, seconds=30, generation=2)])
    assert told(local) == before
    local.apply([failed(2, seconds=31, generation=2)])
    assert told(local) == [*before, (EARLY, 2)]


def test_another_program_that_writes_in_between_is_counted(ledger: Ledger, ledger_url: str) -> None:
    ledger.apply([*listed(30), failed(1)])
    with open_ledger(ledger_url) as other:
        other.apply([failed(2)])
    assert told(ledger) == []
    ledger.apply([failed(3)])
    assert told(ledger) == [(EARLY, 1)]


def test_a_transaction_that_fails_tells_nothing_and_counts_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.apply([*listed(20), failed(1)])
    monkeypatch.setattr("gt_common.ledger.unknown.keep", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        ledger.apply([failed(2)])
    monkeypatch.undo()
    assert told(ledger) == []
    ledger.apply([failed(3, "no panel")])
    assert told(ledger) == []
    ledger.apply([failed(2)])
    assert told(ledger) == [(EARLY, 1)]


def test_a_ledger_that_tells_nobody_writes_nothing(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply([*listed(2), failed(1), failed(2)])
        assert not ledger.enqueue(BATCH, BUDGET, "80 % are spent")
        assert ledger._database.read(lambda connection: connection.execute(select(table)).all()) == []


def test_most_of_a_budget_is_told_once_for_each_limit(ledger: Ledger) -> None:
    ledger.apply([opened(20).model_copy(update={"max_cost": 1_000_000})])
    for cost in (300_000, 790_000):
        ledger.apply([spent(1, cost={"elevenlabs": cost})])
    assert told(ledger) == []
    ledger.apply([spent(2, cost={"elevenlabs": 10_000})])
    ledger.apply([spent(2, cost={"elevenlabs": 500_000})])
    assert told(ledger) == [(BUDGET, 1)]
    raised = BatchResumed(batch_id=BATCH, by="anna", max_cost=3_000_000, at=at(50))
    ledger.apply([raised, spent(3, cost={"elevenlabs": 900_000})])
    assert told(ledger) == [(BUDGET, 1)]
    ledger.apply([spent(4, cost={"elevenlabs": 300_000})])
    ledger.apply([spent(4, cost={"elevenlabs": 400_000})])
    assert told(ledger) == [(BUDGET, 1), (BUDGET, 2)]


def test_a_limit_that_is_set_below_what_is_spent_is_told_at_once(local: Ledger) -> None:
    local.apply([opened(20), spent(1, cost={"elevenlabs": 900_000})])
    assert told(local) == []
    local.apply([BatchResumed(batch_id=BATCH, by="anna", max_cost=1_000_000, at=at(50))])
    assert told(local) == [(BUDGET, 1)]


def test_what_others_notice_is_told_once(ledger: Ledger) -> None:
    calls: list[int] = []
    ledger.on_enqueued = lambda: calls.append(1)
    ledger.apply(listed(2))
    assert ledger.enqueue(BATCH, BUDGET, "80 % are spent")
    assert not ledger.enqueue(BATCH, BUDGET, "81 % are spent")
    assert ledger.enqueue(BATCH, BUDGET, "80 % of more are spent", generation=7)
    assert told(ledger) == [(BUDGET, 1), (BUDGET, 7)]
    assert ledger.enqueue(BATCH, BUDGET, "once more", again=True)
    assert told(ledger)[-1] == (BUDGET, 8)
    assert calls == [1, 1, 1]


def test_a_notification_is_claimed_by_one_and_noted(ledger: Ledger) -> None:
    ledger.apply([*listed(1), story_event(StorySucceeded, 1)])
    box = ledger.outbox()
    found = box.claim("one")
    assert found is not None
    assert (found.batch_id, found.kind, found.generation, found.tries) == (BATCH, END, 1, 1)
    assert box.claim("one") is None
    box.note_sent(found)
    assert box.count_waiting(["one"], BATCH) == 0
    assert box.count_waiting(["one", "two"], BATCH) == 1
    pass_time(ledger, 10_000)
    assert box.claim("one") is None


def test_a_failed_try_is_repeated_later_and_given_up_at_last(local: Ledger) -> None:
    local.apply([*listed(1), story_event(StorySucceeded, 1)])
    box = local.outbox()
    found = box.claim("one")
    assert found
    box.note_failed(found, 60)
    assert box.claim("one") is None
    pass_time(local, 61)
    found = box.claim("one")
    assert found
    assert found.tries == 2
    box.note_failed(found, None)
    pass_time(local, 10_000)
    assert box.claim("one") is None


def test_another_process_takes_over_what_the_first_has_missed(ledger: Ledger, ledger_url: str) -> None:
    ledger.apply([*listed(1), story_event(StorySucceeded, 1)])
    with open_ledger(ledger_url, notify=("one",)) as standby:
        box = standby.outbox()
        assert box.claim("one") is None
        pass_time(ledger, outbox.GRACE_S)
        mine = box.claim("one")
        assert mine
        # The first has waked up too late: it neither claims it, nor spoils what the other has noted.
        assert ledger.outbox().claim("one") is None
        ledger.outbox().note_failed(mine, None)
        box.note_failed(mine, 0)
        assert box.claim("one")


@pytest.mark.parametrize("seconds", [1, outbox.LEASE_S + outbox.GRACE_S])
def test_a_claim_of_a_killed_process_is_free_after_its_lease(
    ledger: Ledger, ledger_url: str, seconds: float
) -> None:
    ledger.apply([*listed(1), story_event(StorySucceeded, 1)])
    assert ledger.outbox().claim("one")
    pass_time(ledger, seconds)
    with open_ledger(ledger_url, notify=("one",)) as next_one:
        assert bool(next_one.outbox().claim("one")) is (seconds > outbox.LEASE_S)


def test_times_of_the_outbox_are_those_of_now(ledger: Ledger) -> None:
    before = utc_now()
    ledger.apply([*listed(1), story_event(StorySucceeded, 1)])
    found = ledger.outbox().claim("one")
    assert found
    assert abs((found.created_at - before).total_seconds()) < 60


def test_ends_of_batches_are_found_by_an_index(ledger: Ledger) -> None:
    if ledger._database.address.sqlite:
        ledger.apply(listed(3))
        query = (
            "SELECT story_id FROM gt_stories WHERE batch_id = 'b' AND status = 'queued' ORDER BY at LIMIT 1"
        )
        plan = ledger._database.read(
            lambda connection: connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()
        )
        assert ["gt_stories_status (batch_id=? AND status=?)" in row.detail for row in plan] == [True]


def groups_of(events: Sequence[Event], sizes: Sequence[int]) -> Iterator[Sequence[Event]]:
    start = 0
    for size in sizes:
        yield events[start : start + size]
        start += size
    yield events[start:]


@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries(), st.lists(st.integers(1, 4), max_size=12))
def test_every_end_of_a_random_batch_is_told(
    tmp_path_factory: pytest.TempPathFactory, life: tuple[list[Event], list[Event]], sizes: list[int]
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
    state, expected = fold(BATCH, []), 0
    with open_ledger(url, notify=("one",)) as ledger:
        for group in groups_of(life[1], sizes):
            ledger.apply(group)
            after = fold(state, group)
            was_open = state.phase is BatchPhase.OPEN or is_replayed(state, after)
            expected += was_open and after.phase is not BatchPhase.OPEN
            assert ends(ledger) == expected
            state = after


def is_replayed(before: BatchState, after: BatchState) -> bool:
    """Whether a story that was known before has a new generation."""
    known = ((story.event, after.stories[key].event) for key, story in before.stories.items())
    return any(old and new and new.generation > old.generation for old, new in known)
