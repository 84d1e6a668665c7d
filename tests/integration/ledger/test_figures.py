"""The figures of a ledger for a monitoring system, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest

from gt_common.failures import Failure
from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.ledger.queries import figures as module
from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.messages import (
    BatchOpened,
    BatchStories,
    Event,
    FleetPaused,
    FleetResumed,
    StoryEntry,
    StoryEvent,
    StoryFailed,
    StoryRequeued,
    StoryRetrying,
    StoryStarted,
    StorySucceeded,
)
from support.samples.events import at, story_event


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url) as opened:
        yield opened


def batch(
    batch_id: str, total: int, seconds: float, *, starts: Sequence[datetime | None] = (), made_by: str = ""
) -> list[Event]:
    """Make the events of a batch that was published; each start is one story of its list."""
    entries = tuple(
        StoryEntry(story_id=f"story-{n}", position=n, url=f"https://redd.it/{n}", not_before=start)
        for n, start in enumerate(starts, 1)
    )
    return [
        BatchOpened(batch_id=batch_id, total=total, at=at(seconds), made_by=made_by or None),
        BatchStories(batch_id=batch_id, stories=entries, at=at(seconds)),
    ]


def happened(
    batch_id: str, kind: type[StoryEvent], number: int, seconds: float, **given: object
) -> StoryEvent:
    return story_event(kind, number, seconds, batch_id=batch_id, **given)


def failed(batch_id: str, number: int, kind: str, stage: str | None = None) -> StoryEvent:
    failure = Failure(type=kind, message=f"no answer {number}", stage=stage)
    return happened(batch_id, StoryFailed, number, 5, failure=failure)


def test_an_empty_ledger_has_a_zero_for_every_state(ledger: Ledger) -> None:
    found = ledger.figures()
    assert found.stories == dict.fromkeys(StoryStatus, 0)
    assert found.batches == dict.fromkeys(BatchPhase, 0)
    assert (found.waiting_since, found.dead_letters) == (None, {})


def test_all_batches_are_counted_as_reports_count_them(ledger: Ledger) -> None:
    ledger.apply(
        [
            *batch("b1", 3, 0, starts=[None] * 3),
            happened("b1", StorySucceeded, 1, 3),
            failed("b1", 2, "TimeoutError", "voice"),
            happened("b1", StoryRetrying, 3, 4),
            *batch("b2", 2, 0, starts=[None] * 2),
            happened("b2", StorySucceeded, 1, 3),
            happened("b2", StorySucceeded, 2, 3),
            *batch("b3", 5, 0, starts=[None] * 2),  # three are only announced
            happened("b3", StoryStarted, 1, 1),
            *batch("b4", 1, 0, starts=[None]),
            failed("b4", 1, "ValueError"),
        ]
    )
    found = ledger.figures()
    batches = ledger.batches()
    assert found.stories == {
        status: sum(summary.counts[status] for summary in batches) for status in StoryStatus
    }
    assert found.batches == {
        phase: sum(summary.phase is phase for summary in batches) for phase in BatchPhase
    }
    assert found.stories[StoryStatus.QUEUED] == 4
    assert found.dead_letters == {"TimeoutError in voice": 1, "ValueError": 1}


def test_the_oldest_story_is_the_one_that_could_have_started_first(ledger: Ledger) -> None:
    ledger.apply(batch("later", 2, 0, starts=[at(500), at(400)]))
    assert ledger.figures().waiting_since == at(400)
    ledger.apply(batch("now", 1, 300, starts=[None]))
    assert ledger.figures().waiting_since == at(300)
    ledger.apply([happened("now", StoryStarted, 1, 301)])
    assert ledger.figures().waiting_since == at(400)
    ledger.apply(batch("announced", 7, 350))
    assert ledger.figures().waiting_since == at(350)


def test_a_replay_of_an_old_story_waits_since_the_replay(ledger: Ledger) -> None:
    ledger.apply([*batch("old", 1, 0, starts=[None]), failed("old", 1, "E")])
    assert ledger.figures().waiting_since is None
    ledger.apply([happened("old", StoryRequeued, 1, 9000, generation=2)])
    assert ledger.figures().waiting_since == at(9000)


def test_a_batch_of_gt_batch_waits_for_no_worker_and_leaves_no_dead_letter(ledger: Ledger) -> None:
    ledger.apply([*batch("local", 2, 0, starts=[None] * 2, made_by="gt-batch"), failed("local", 1, "E")])
    found = ledger.figures()
    assert (found.stories[StoryStatus.QUEUED], found.stories[StoryStatus.FAILED]) == (1, 1)
    assert (found.waiting_since, found.dead_letters) == (None, {})


def test_a_pause_of_the_whole_fleet_is_told_until_its_end(ledger: Ledger) -> None:
    ledger.apply([*batch("b1", 1, 0, starts=[None]), FleetPaused(by="anna", revision=1)])
    assert ledger.figures().paused
    ledger.apply([FleetResumed(by="anna", revision=2)])
    assert not ledger.figures().paused


def test_rare_causes_and_old_letters_are_counted_together(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CAUSES", 2)
    monkeypatch.setattr(module, "LETTERS", 8)
    kinds = ["A"] * 4 + ["B"] * 3 + ["C"]
    ledger.apply(
        [
            *batch("b0", 3, 0, starts=[None] * 3),
            *[failed("b0", number, "Old") for number in (1, 2, 3)],
            *batch("b1", 8, 0, starts=[None] * 8),
            *[failed("b1", number, kind) for number, kind in enumerate(kinds, 1)],
        ]
    )
    assert ledger.figures().dead_letters == {"A": 4, "B": 3, "other": 4}
