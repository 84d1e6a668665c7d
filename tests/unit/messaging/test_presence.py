"""Which workers are alive, from beats that come in any order, with clocks that may be wrong."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from gt_common.messages import utc_now
from gt_common.messaging.presence.beats import Beat, RunningStory, decode_beat, encode_beat
from gt_common.messaging.presence.roster import Roster

START = utc_now()
STORY = RunningStory(batch_id="b", story_id="s1", url="https://example.org/1", stage="voice", since=START)


def beat(name: str = "w1", seconds: float = 0.0, **changes: object) -> Beat:
    """Return a beat of a worker, so many seconds after its start."""
    made = Beat(
        name=name,
        host="box",
        pid=7,
        version="1.0",
        started_at=START,
        at=START + timedelta(seconds=seconds),
        slots=2,
    )
    return made.model_copy(update=changes)


class Time:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def roster(time: Time) -> Roster:
    return Roster(time.clock, time.now)


def test_a_beat_is_the_same_after_the_broker() -> None:
    sent = beat(running=(STORY,), kind="ready")
    assert decode_beat(encode_beat(sent)) == sent


def test_fields_of_newer_versions_are_passed_over() -> None:
    body = json.loads(encode_beat(beat(running=(STORY,)))) | {"mood": "fine"}
    body["running"][0]["cost"] = 12
    assert decode_beat(json.dumps(body).encode()) == beat(running=(STORY,))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"v": 2}', b"[]", b"\xff"])
def test_what_is_not_a_beat_is_passed_over(body: bytes) -> None:
    assert decode_beat(body) is None


def test_the_latest_beat_counts_in_whatever_order_they_come(time: Time) -> None:
    beats = [beat(seconds=0, kind="ready"), beat(seconds=1, running=(STORY,)), beat(seconds=2)]
    for order in permutations(beats):
        roster = Roster(time.clock, time.now)
        for one in order:
            roster.add(one)
        assert [worker.beat for worker in roster.alive()] == [beats[2]]


def test_a_worker_without_a_beat_for_25_seconds_is_not_alive(time: Time, roster: Roster) -> None:
    roster.add(beat())
    time.seconds = 25.0
    assert roster.alive()
    time.seconds = 25.1
    assert roster.alive() == []


def test_a_worker_that_left_is_gone_at_once_whatever_comes_late(roster: Roster) -> None:
    roster.add(beat(seconds=3, kind="left"))
    roster.add(beat(seconds=2))
    roster.add(beat(seconds=3))
    assert roster.alive() == []


def test_a_worker_that_started_again_under_the_same_name_is_another(roster: Roster) -> None:
    roster.add(beat(seconds=3, kind="left"))
    roster.add(beat(started_at=START + timedelta(seconds=4), at=START + timedelta(seconds=4)))
    roster.add(beat(name="w0"))
    assert [worker.beat.name for worker in roster.alive()] == ["w0", "w1"]


@pytest.mark.parametrize(
    ("said_s", "ahead_s"), [(0.0, 0.0), (4.0, 0.0), (-25.0, 0.0), (40.0, 40.0), (-3600.0, -3600.0)]
)
def test_a_wrong_clock_hides_no_worker_and_is_told(
    roster: Roster, time: Time, said_s: float, ahead_s: float
) -> None:
    roster.add(beat(seconds=said_s))
    time.seconds = 20.0
    [worker] = roster.alive()
    assert worker.ahead_s == ahead_s
