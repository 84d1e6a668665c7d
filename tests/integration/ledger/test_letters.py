"""Lists and numbers of dead letters: found by indexes, and the same in upgraded ledgers; both databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from gt_common.failures import Failure
from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.ledger.plain import Row, SqlAlchemyPlain
from gt_common.ledger.queries import letters
from gt_common.lifecycle import StoryStatus
from gt_common.messages import (
    GT_BATCH,
    BatchStories,
    Event,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StoryRequeued,
    StorySucceeded,
)
from support.ledger_versions import take_back
from support.samples.events import BATCH, entry, letter, opened, story_event

BEFORE_LETTERS = "0009"
FAILED, CANCELLED = StoryStatus.FAILED, StoryStatus.CANCELLED
OTHER, LOCAL = "batch-2", "batch-local"
NAMES_A_LETTER = Failure(type="ValueError", message='unexpected field "letter":{"a":1}')
MANY = 3000
"""So many that reading the table is not cheaper."""


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url) as made:
        yield made


def dead(number: int, seconds: float, **given: object) -> StoryEvent:
    return story_event(StoryFailed, number, seconds, letter=letter(number), **given)


def of_batch(batch_id: str, *events: Event) -> list[Event]:
    """Return events as those of another batch."""
    names = ({"batch_id": batch_id, "event_id": f"{batch_id}-{place}"} for place in range(len(events)))
    return [event.model_copy(update=name) for event, name in zip(events, names, strict=True)]


def every_kind() -> list[Event]:
    """Return stories of each kind: with and without a letter, of gt-batch, replayed and discarded ones."""
    return [
        opened(9),
        dead(1, 10),
        dead(2, 30),
        story_event(StoryFailed, 3, 40, failure=NAMES_A_LETTER),
        story_event(StoryCancelled, 4, 50),
        story_event(StoryCancelled, 5, 60, letter=None),
        story_event(StorySucceeded, 6, 70),
        dead(7, 5),
        story_event(StoryRequeued, 7, 80, generation=2),
        *of_batch(OTHER, opened(2), dead(1, 20), story_event(StoryFailed, 2, 90)),
        *of_batch(LOCAL, opened(2, made_by=GT_BATCH), dead(1, 99), story_event(StoryCancelled, 2, 99)),
    ]


def listed(ledger: Ledger) -> dict[str, object]:
    """Return all that lists tell of letters; that they agree is checked."""
    found: dict[str, object] = {}
    for status in (FAILED, CANCELLED):
        for batch in (None, BATCH, OTHER, LOCAL):
            keys = ledger.letter_keys(status, batch_id=batch)
            assert ledger.letter_count(status, batch_id=batch) == len(keys)
            for limit in (1, 2, 3, 100):
                assert ledger.newest_letters(status, limit, batch_id=batch) == (keys[:limit], len(keys))
            found[f"{status.value} {batch}"] = keys
            without = ledger.letter_keys(status, batch_id=batch, with_letter=False)
            found[f"{status.value} {batch} without"] = without
    lines = ledger.letter_lines([(batch, story) for batch, story, _ in ledger.letter_keys(FAILED)])
    return found | {"groups": ledger.letter_groups(), "lines": lines}


def test_letters_are_those_of_failed_and_discarded_stories_of_the_fleet(ledger: Ledger) -> None:
    ledger.apply(every_kind())
    first, second, other = (BATCH, "story-1", 1), (BATCH, "story-2", 1), (OTHER, "story-1", 1)
    found = listed(ledger)
    assert found[f"failed {None}"] == [second, other, first]
    assert found[f"failed {BATCH}"] == [second, first]
    assert found[f"failed {OTHER}"] == [other]
    assert found[f"failed {None} without"] == [(OTHER, "story-2", 1), (BATCH, "story-3", 1)]
    assert found[f"cancelled {None}"] == [(BATCH, "story-4", 1)]
    assert found[f"cancelled {BATCH} without"] == [(BATCH, "story-5", 1)]
    assert not any(keys for name, keys in found.items() if LOCAL in name), "gt-batch has no letters"
    assert found["lines"] == ledger.letter_lines([key[:2] for key in (first, second, other)])


def test_letters_follow_their_story(ledger: Ledger) -> None:
    ledger.apply([opened(2), BatchStories(batch_id=BATCH, stories=(entry(1), entry(2)))])

    def numbers(*events: Event) -> tuple[int, int]:
        ledger.apply([*events])
        listed(ledger)
        return ledger.letter_count(FAILED), ledger.letter_count(CANCELLED)

    assert numbers() == (0, 0)
    assert numbers(dead(1, 10), story_event(StoryFailed, 2, 11)) == (1, 0)
    assert numbers(story_event(StoryRequeued, 1, 20, generation=2), dead(2, 21, generation=2)) == (1, 0)
    assert numbers(dead(1, 30, generation=2)) == (2, 0)
    assert numbers(story_event(StoryCancelled, 1, 40, generation=2)) == (1, 1)
    assert numbers(dead(1, 50, generation=3), story_event(StorySucceeded, 2, 51, generation=2)) == (1, 0)
    assert numbers(dead(1, 10), dead(1, 30, generation=2)) == (1, 0)


def test_an_upgraded_ledger_has_the_same_letters(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply(every_kind())
        before = listed(ledger)
        take_back(ledger, BEFORE_LETTERS)
    with capture_logs() as logs, open_ledger(ledger_url) as ledger:
        assert [(line["event"], line["schema"]) for line in logs] == [
            ("ledger_upgrade_started", BEFORE_LETTERS)
        ]
        assert listed(ledger) == before
        ledger.apply([dead(8, 100)])
        assert ledger.newest_letters(FAILED, 1) == ([(BATCH, "story-8", 1)], 4)


def test_letters_that_a_program_of_an_earlier_version_stores_are_found_at_once(ledger: Ledger) -> None:
    ledger.apply(every_kind())
    before = ledger.letter_count(FAILED)
    with ledger._database.writing() as connection:
        other = "SELECT event FROM gt_stories WHERE story_id = 'story-1' AND batch_id = 'batch-1'"
        of_story = "WHERE story_id = 'story-6' AND batch_id = 'batch-1'"
        stored = f"UPDATE gt_stories SET status = 'failed', event = ({other}) {of_story}"  # noqa: S608
        connection.execute(text(stored.replace(":", "\\:")))
        connection.execute(text("UPDATE gt_version SET number = number + 1"))
    assert ledger.newest_letters(FAILED, 1) == ([(BATCH, "story-6", 1)], before + 1)
    listed(ledger)


class Explained(SqlAlchemyPlain):
    """Notes how each statement is run."""

    plans: list[str]

    def rows(self, statement: str, *given: str | int) -> Iterator[Row]:
        """Yield the rows that a statement finds."""
        how = "EXPLAIN QUERY PLAN" if self._sqlite else "EXPLAIN"
        self.plans.append("\n".join(str(row[-1]) for row in super().rows(f"{how} {statement}", *given)))
        yield from super().rows(statement, *given)


def plans(ledger: Ledger, read: Callable[..., object], batch_id: str | None) -> list[str]:
    """Return how the statements of some reading are run that are about stories."""
    with ledger._database.reading() as connection:
        plain = Explained(connection)
        plain.plans = []
        read(plain, FAILED, batch_id)
    return [plan for plan in plain.plans if "gt_stories" in plan]


def test_letters_are_found_in_indexes_and_not_in_events(ledger: Ledger) -> None:
    ledger.apply([opened(MANY), *(dead(number, number) for number in range(1, MANY + 1))])
    if not ledger._database.address.sqlite:
        with ledger._database.outside_transactions() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE gt_stories"))  # the server does it by itself, later
    for batch, index in ((None, "gt_letters"), (BATCH, "gt_letters_of_batch")):
        keys = plans(ledger, partial(letters.read_letter_keys, with_letter=True), batch)
        newest = plans(ledger, partial(letters.read_newest_letters, limit=20), batch)
        assert [*map(used, [*keys, *newest])] == [[index], [index], ["gt_no_letters"]]
    unread = plans(ledger, partial(letters.read_letter_keys, with_letter=False), BATCH)
    assert [*map(used, unread)] == [["gt_no_letters"]]


def used(plan: str) -> list[str]:
    """Return the indexes of a plan that tell whether there is a letter; no event may be looked at."""
    assert "event" not in plan
    return re.findall(r"gt_\w*letters\w*", plan)
