"""Counts of stories that are kept with the fold: right after every writer, and what may be remembered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import text

from gt_common.failures import Failure
from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.ledger.overview import Memory
from gt_common.ledger.queries.kept_counts import are_counts_kept
from gt_common.messages import BatchStories, StoryCancelled, StoryFailed, StoryStarted, StorySucceeded
from support.ledger_versions import take_back
from support.samples.events import BATCH, at, entry, letter, opened, story_event

BEFORE_COUNTS = "0008"
LISTED = BatchStories(batch_id=BATCH, stories=tuple(entry(number) for number in (1, 2, 3)))


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url) as made:
        yield made


def counted(ledger: Ledger) -> tuple[bool, dict[str, int], dict[str, int]]:
    """Return whether counts are kept, those of the report, and those of the whole ledger, without zeros."""
    of_batch = {status.value: number for status, number in ledger.batches()[0].counts.items() if number}
    of_all = {status.value: number for status, number in ledger.figures().stories.items() if number}
    return ledger._query(are_counts_kept), of_batch, of_all


def kept(**numbers: int) -> tuple[bool, dict[str, int], dict[str, int]]:
    return True, numbers, numbers


def test_counts_follow_each_story_to_its_next_status(ledger: Ledger) -> None:
    ledger.apply([opened(3), LISTED])
    assert counted(ledger) == kept(queued=3)
    ledger.apply([story_event(StoryStarted, 1, 1), story_event(StorySucceeded, 2, 2)])
    assert counted(ledger) == kept(queued=1, running=1, success=1)
    ledger.apply([story_event(StoryStarted, 2, 1), LISTED])
    assert counted(ledger) == kept(queued=1, running=1, success=1)
    ledger.apply([story_event(StoryFailed, 1, 3), story_event(StoryStarted, 3, 4)])
    assert counted(ledger) == kept(running=1, success=1, failed=1)


def test_what_a_program_of_an_earlier_version_writes_is_counted_at_once_and_kept_by_the_next_one(
    ledger: Ledger,
) -> None:
    ledger.apply([opened(3), LISTED])
    with ledger._database.writing() as connection:
        connection.execute(text("UPDATE gt_stories SET status = 'failed' WHERE story_id = 'story-1'"))
        connection.execute(text("UPDATE gt_version SET number = number + 1"))
    numbers = {"queued": 2, "failed": 1}
    assert counted(ledger) == (False, numbers, numbers)
    ledger.apply([story_event(StoryStarted, 2, 1)])
    assert counted(ledger) == kept(queued=1, running=1, failed=1)


def test_a_ledger_of_an_earlier_version_is_counted_by_its_first_writer(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply([opened(3), LISTED, story_event(StorySucceeded, 2, 2)])
        take_back(ledger, BEFORE_COUNTS)
    with open_ledger(ledger_url) as ledger:
        assert counted(ledger)[1] == {"queued": 2, "success": 1}
        ledger.apply([story_event(StoryStarted, 1, 1)])
        assert counted(ledger) == kept(queued=1, running=1, success=1)


def test_causes_are_read_again_when_a_failure_has_changed_and_only_then(ledger: Ledger) -> None:
    memory = Memory()

    def causes() -> object:
        return ledger.overview(BATCH, memory=memory).causes

    ledger.apply([opened(3), LISTED, story_event(StoryFailed, 1, 1)])
    first = causes()
    ledger.apply([story_event(StoryStarted, 2, 2)])
    assert causes() is first
    assert ledger.overview(BATCH).causes == first
    other = Failure(type="OSError", message="the disk is full")
    ledger.apply([story_event(StoryFailed, 2, 3, failure=other)])
    second = causes()
    assert second == ledger.overview(BATCH).causes != first
    replayed = story_event(StoryStarted, 1, 4, generation=2)
    again = story_event(StoryFailed, 1, 5, generation=2, failure=other)
    ledger.apply([replayed])
    ledger.apply([again])
    assert [cause.count for cause in ledger.overview(BATCH, memory=memory).causes] == [2]


def test_the_end_of_cancelled_stories_is_that_of_a_fresh_look(ledger: Ledger) -> None:
    memory = Memory()
    ended: list[datetime | None] = []
    for generation, seconds in ((1, 5), (2, 900)):
        died = letter(2).model_copy(update={"died_at": at(seconds - 1), "generation": generation})
        ledger.apply([opened(2), story_event(StorySucceeded, 1, 2)])
        ledger.apply(
            [story_event(StoryCancelled, 2, seconds, generation=generation, letter=died, started_at=None)]
        )
        ended.append(ledger.overview(BATCH, memory=memory).latest_end)
        assert (
            ended[-1] == ledger.overview(BATCH, memory=memory).latest_end == ledger.overview(BATCH).latest_end
        )
    assert ended[0] != ended[1]
