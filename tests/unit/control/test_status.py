"""What gt-control status says of a fleet, as text at any width and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

from gt_common.messages import utc_now
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.presence.beats import Beat, ProviderWait, RunningStory
from gt_common.messaging.presence.roster import LivingWorker
from gt_consumer.control.status.document import status_document
from gt_consumer.control.status.fleet import Fleet, merged_waits
from gt_consumer.control.status.pauses import Pause
from gt_consumer.control.status.printing import lines

NOW = utc_now()
STORIES = tuple(
    RunningStory(
        batch_id="monday",
        story_id=f"3f0c9a5d1b7e4c2{number}",
        url=f"https://www.reddit.com/r/AITA/comments/abc{number}/my_sister_and_{'x' * 60}/",
        stage=stage,
        since=NOW - timedelta(seconds=40 * number),
    )
    for number, stage in enumerate(("voice", None), 1)
)
BEAT = Beat(
    name="render-1",
    host="box",
    pid=7,
    version="1.0",
    started_at=NOW - timedelta(hours=3),
    at=NOW,
    slots=2,
    running=STORIES,
    waits=(ProviderWait(provider="gemini", until=NOW + timedelta(seconds=90), runs=1),),
)
HOLD = Pause("monday", "ann@desk", "wrong voice", NOW - timedelta(minutes=5))
QUEUES = {
    "gt.stories": QueueInfo("gt.stories", 12, 1),
    "gt.retry.10s": QueueInfo("gt.retry.10s", 3, 0),
    "gt.parked.monday.1": QueueInfo("gt.parked.monday.1", 7, 0),
    "gt.retry.1m": QueueInfo("gt.retry.1m", 0, 0),
    "gt.delay.3": QueueInfo("gt.delay.3", 5, 0),
    "gt.delay.12": QueueInfo("gt.delay.12", 6, 0),
    "gt.dlq": None,
    "gt.results.ledger": QueueInfo("gt.results.ledger", 4, 0),
    "gt.results.dlq": QueueInfo("gt.results.dlq", 0, 0),
}
FLEET = Fleet(NOW, "gt", (HOLD,), (LivingWorker(BEAT),), BEAT.waits, QUEUES)


def text(fleet: Fleet, width: int = 80) -> str:
    return "\n".join(line.plain for line in lines(fleet, width))


@pytest.mark.parametrize("width", [80, 120])
def test_everything_is_told_within_the_width(width: int) -> None:
    shown = text(FLEET, width)
    assert max(map(cell_len, shown.splitlines())) <= width
    for told in (
        "1 worker alive, 2 of 2 slots busy; 1 batch is paused",
        "render-1 on box  2 of 2 slots busy  up 3 h  version 1.0",
        "  3f0c9a5d1b7e4c21  monday  voice     40 s",
        "  3f0c9a5d1b7e4c22  monday  starting  1 min 20 s  r/AITA my sister and xx",
        "  monday  5 min ago  by ann@desk: wrong voice",
        "  gemini  asked to wait until",
        "  gt.dlq              not permitted  dead letters",
        "  gt.parked.monday.1  7              stories of a paused batch",
        "  gt.delay.*          11             stories that start later",
        "events for the ledger; start gt-aggregate",
        "  continue with: gt-control resume monday",
    ):
        assert told in shown
    assert "gt.retry.1m" not in shown


def test_without_a_worker_it_says_how_to_start_one() -> None:
    shown = text(replace(FLEET, workers=(), paused=(), queues={}))
    assert shown.splitlines()[:2] == ["no worker is alive; nothing is paused", "start one with: gt-consume"]


def test_consumers_that_do_not_report_are_told() -> None:
    assert "did not report" not in text(FLEET)
    assert "1 consumer of stories did not report in" in text(replace(FLEET, workers=()))


def test_a_paused_fleet_and_a_wrong_clock_are_told() -> None:
    fleet = replace(
        FLEET,
        paused=(replace(HOLD, batch_id=None),),
        workers=(LivingWorker(BEAT, 40.0), LivingWorker(BEAT, -90.0)),
    )
    shown = text(fleet)
    assert "; the fleet is paused" in shown
    assert "  whole fleet  5 min ago  by ann@desk: wrong voice\n  continue with: gt-control resume\n" in shown
    assert "its clock is 40 s ahead of this machine's" in shown
    assert "its clock is 1 min 30 s behind this machine's" in shown


def test_a_batch_that_a_rule_has_paused_needs_a_higher_limit() -> None:
    shown = text(replace(FLEET, paused=(replace(HOLD, by="stop rule", reason="1.00 USD spent"),)))
    assert "by stop rule: 1.00 USD spent\n" in shown
    assert "continue with: gt-control resume monday, with a higher limit" in shown


def test_a_long_reason_is_not_cut() -> None:
    reason = " ".join(f"word{number}" for number in range(40))
    shown = text(replace(FLEET, paused=(replace(HOLD, reason=reason),)))
    assert reason in " ".join(shown.split())
    assert max(map(cell_len, shown.splitlines())) <= 80


def test_a_worker_cannot_steer_the_terminal() -> None:
    beat = BEAT.model_copy(update={"name": "evil\x1b[2J", "host": "box\nnext"})
    assert "evil[2J on box next" in text(replace(FLEET, workers=(LivingWorker(beat),)))


def test_the_document_has_the_keys_of_the_contract() -> None:
    document = json.loads(json.dumps(status_document(FLEET)))
    assert list(document) == ["schema", "paused", "workers", "waits", "queues"]
    assert document["schema"] == 1
    [paused], [worker] = document["paused"], document["workers"]
    assert list(paused) == ["batch_id", "by", "reason", "at"]
    assert list(worker) == ["name", "host", "version", "slots", "running"]
    assert list(worker["running"][0]) == ["batch_id", "story_id", "url", "stage", "since"]
    assert worker["running"][1]["stage"] is None
    assert paused["at"].endswith("Z")
    assert document["waits"] == [
        {"provider": "gemini", "until": (NOW + timedelta(seconds=90)).isoformat()[:-6] + "Z", "runs": 1}
    ]
    assert document["queues"]["gt.dlq"] is None
    assert document["queues"]["gt.stories"] == {"messages": 12, "consumers": 1}


def test_waits_of_several_workers_for_a_provider_are_one() -> None:
    soon, late = NOW + timedelta(seconds=5), NOW + timedelta(seconds=50)
    waits = [
        ProviderWait(provider="gemini", until=late, runs=1),
        ProviderWait(provider="elevenlabs", runs=2),
        ProviderWait(provider="gemini", until=soon, runs=2),
        ProviderWait(provider="gemini"),
    ]
    assert merged_waits(waits) == (
        ProviderWait(provider="elevenlabs", runs=2),
        ProviderWait(provider="gemini", until=late, runs=3),
    )
