"""What the ledger knows of earlier batches: finished stories, their durations, and a batch's events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.ledger import ledger_is_there, open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.messages import (
    BatchOpened,
    BatchStories,
    Event,
    MadeFrom,
    StoryEntry,
    StoryFailed,
    StorySpent,
    StoryStarted,
    StorySucceeded,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
POST = "https://www.reddit.com/comments/abc/"
LOCAL = "file:///stories/one.md"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url) as opened:
        yield opened


def success(
    batch_id: str, story_id: str, url: str, minute: int, seconds: float | None = 60.0
) -> StorySucceeded:
    return StorySucceeded(
        batch_id=batch_id,
        story_id=story_id,
        position=1,
        url=url,
        at=NOON + timedelta(minutes=minute),
        output_path=f"/videos/{batch_id}.mp4",
        duration_s=seconds,
    )


def test_the_latest_success_of_a_story_is_found_in_whichever_form_its_url_was_given(ledger: Ledger) -> None:
    failed = StoryFailed(
        batch_id="b4",
        story_id="s4",
        position=1,
        url="https://redd.it/def",
        failure=Failure(type="E", message="m"),
    )
    events: list[Event] = [
        success("b1", "s1", "https://old.reddit.com/r/tifu/comments/abc/title/", 1),
        success("b2", "s2", "https://redd.it/abc", 2),
        success("b3", "s3", LOCAL, 3),
        failed,
    ]
    ledger.apply(events)
    made = ledger.made([POST, LOCAL, "https://www.reddit.com/comments/def/", "https://example.org/"])
    assert {url: made[url][0].event.batch_id for url in made} == {POST: "b2", LOCAL: "b3"}
    assert made[POST][0].event == events[1]
    assert ledger.made([]) == {}
    places = ledger.places(frozenset(made))
    assert len(places) == 3
    assert {**ledger.made([POST], places), **ledger.made([LOCAL], places)} == made
    assert ledger.made(["https://www.reddit.com/comments/def/"], places) == {}


def test_durations_are_those_of_the_latest_videos_without_those_only_found(ledger: Ledger) -> None:
    assert ledger.durations() == []
    ledger.apply(
        [
            success("b1", "s1", POST, 1, 10.0),
            success("b1", "s2", POST, 2, 20.0),
            success("b2", "s3", POST, 3, 0.0),
            success("b2", "s4", POST, 4, None),
            success("b2", "s5", POST, 5, 50.0),
        ]
    )
    assert ledger.durations() == [50.0, 20.0, 10.0]
    assert ledger.durations(limit=2) == [50.0, 20.0]


def test_a_batchs_events_come_as_they_were_oldest_first(ledger: Ledger) -> None:
    opened = BatchOpened(batch_id="b1", total=1, at=NOON, made_by="gt-batch")
    entry = StoryEntry(story_id="s1", position=1, url=POST, options={"voice": None, "n": [1]})
    listed = BatchStories(batch_id="b1", stories=(entry,), at=NOON + timedelta(seconds=1))
    begun = StoryStarted(batch_id="b1", story_id="s1", position=1, url=POST, at=NOON + timedelta(seconds=2))
    ledger.apply([begun, success("b2", "s9", POST, 1), listed, opened])
    assert ledger.events("b1", ["batch.opened", "batch.stories"]) == [opened, listed]
    assert ledger.events("b1", ["story.started"]) == [begun]
    assert ledger.events("nope", ["batch.opened"]) == []
    assert ledger.batch("b1").opened == opened


def test_looking_for_a_ledger_makes_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    assert not ledger_is_there(url)
    assert list(tmp_path.iterdir()) == []
    open_ledger(url).close()
    assert ledger_is_there(url)
    assert ledger_is_there("postgresql://nobody@127.0.0.1:1/none"), "only asking a server would tell"


def test_the_costs_of_the_latest_videos_are_those_of_all_their_runs(ledger: Ledger) -> None:
    def made(batch_id: str, minute: int, orchestrator: str, cost: dict[str, int] | None) -> StorySucceeded:
        event = success(batch_id, "s1", POST, minute)
        return event.model_copy(
            update={"cost": cost, "made_from": MadeFrom(orchestrator=orchestrator), "attempt": 2}
        )

    first = StorySpent(batch_id="b1", story_id="s1", position=1, url=POST, cost={"voice": 10})
    ledger.apply(
        [
            first,
            made("b1", 1, "paid:create", {"voice": 90}),
            made("b2", 3, "studio", {"studio": 0}),
            made("b3", 2, "silent:create", None),
            made("b4", 4, "paid:create", {"voice": 70}),
        ]
    )
    assert ledger.costs() == [70, 0, 100]
    assert ledger.costs(1) == [70]
    assert ledger.costs(orchestrator="paid:create") == [70, 100]
    assert ledger.costs(orchestrator="silent:create") == []


def test_durations_can_be_those_of_one_orchestrator(ledger: Ledger) -> None:
    slow, quick = (
        success("b1", f"s{number}", POST, number, took).model_copy(
            update={"made_from": MadeFrom(text="0" * 64, options="0" * 64, orchestrator=name)}
        )
        for number, (took, name) in enumerate([(90.0, "studio"), (1.0, "command:make")], start=1)
    )
    ledger.apply([slow, quick, success("b1", "s3", POST, 3, 7.0)])
    assert ledger.durations(orchestrator="studio") == [90.0]
    assert ledger.durations(orchestrator="other") == []
