"""Events of types that only a newer version knows: kept once, counted, folded by one that knows them."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

import gt_common.ledger.unknown as unknown
from gt_common.errors import UsageError
from gt_common.ledger import examine_ledger, open_ledger, read_ledger
from gt_common.ledger.schema import stories
from gt_common.lifecycle import StoryStatus, fold
from gt_common.messages import (
    EVENT_TYPES,
    Event,
    StoryStarted,
    StorySucceeded,
    UnknownEvent,
    decode_event,
    encode,
)
from support.samples.events import BATCH, opened, story_event

FUTURE = "story.paused"


def of_the_future(event: Event) -> UnknownEvent:
    """Return an event as a version that does not know its type reads it."""
    body = encode(event)
    return UnknownEvent(type=event.type, batch_id=getattr(event, "batch_id", None), body=body.decode())


def paused(number: int) -> UnknownEvent:
    """Make an event of a type that nobody knows yet."""
    event = decode_event(json.dumps({"v": 2, "type": FUTURE, "number": number}).encode())
    assert isinstance(event, UnknownEvent)
    return event


def test_they_are_kept_once_beside_the_others_and_counted(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        assert ledger.apply([opened(1), paused(1), paused(2), paused(2)]) == 3
        assert ledger.apply([paused(1), story_event(StoryStarted)]) == 1
        assert [batch.batch_id for batch in ledger.batches()] == [BATCH]
        assert ledger.batch(BATCH).counts[StoryStatus.RUNNING] == 1
    with open_ledger(ledger_url):
        pass
    assert examine_ledger(ledger_url).unknown == {FUTURE: 2}


def test_a_version_that_knows_the_type_folds_them_when_it_opens_the_ledger(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    success = story_event(StorySucceeded)
    known = [opened(1), story_event(StoryStarted)]
    monkeypatch.setattr(unknown, "EVENT_TYPES", EVENT_TYPES - {success.type})
    with open_ledger(ledger_url) as ledger:
        ledger.apply([*known, of_the_future(success), paused(1)])
        assert ledger.batch(BATCH) == fold(BATCH, known)
    assert examine_ledger(ledger_url).unknown == {FUTURE: 1, success.type: 1}
    monkeypatch.undo()
    with open_ledger(ledger_url) as ledger:
        assert ledger.batch(BATCH) == fold(BATCH, [*known, success])
        assert ledger.apply([success]) == 0
    assert examine_ledger(ledger_url).unknown == {FUTURE: 1}


def test_one_that_cannot_be_read_although_its_type_is_known_now_stops_nobody(ledger_url: str) -> None:
    broken = UnknownEvent(type="story.started", v=2, body='{"type":"story.started","v":2}')
    with open_ledger(ledger_url) as ledger:
        ledger.apply([broken, of_the_future(opened(2))])
    for _ in range(2):
        with open_ledger(ledger_url) as ledger:
            assert ledger.batch(BATCH).total == 2


def test_a_story_whose_latest_event_only_a_newer_version_knows_is_one_clear_line(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply([opened(1), story_event(StoryStarted)])
        with ledger._database.writing() as connection:
            event = encode(story_event(StoryStarted)).decode().replace("story.started", FUTURE)
            connection.execute(update(stories).values(event=event))
    with (
        read_ledger(ledger_url) as reader,
        pytest.raises(UsageError, match=r"newer one wrote.*upgrade gt-common"),
    ):
        reader.batch(BATCH)
