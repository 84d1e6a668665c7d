"""The state of a fleet, asked of a real broker: workers that live, leave and die; pauses; hidden queues."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from gt_common.messages import utc_now
from gt_common.messaging import topology
from gt_common.messaging.control.notices import HoldNotice, ReleaseNotice
from gt_common.messaging.names import Names
from gt_common.messaging.presence.beats import Beat, encode_beat
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.streams import read_whole
from gt_common.settings import Settings
from gt_consumer.control.status.fleet import Fleet, read_fleet
from support.broker.node import PrivateNode, needs_rabbitmq
from support.broker.users import make_users
from support.fleet import publish, scripted_story, worker
from support.waiting import until

pytestmark = pytest.mark.broker

BEAT = Beat(
    name="w1",
    host="box",
    pid=7,
    version="1.0",
    started_at=utc_now(),
    at=utc_now() - timedelta(hours=1),
    slots=2,
)


async def test_a_worker_is_shown_with_what_it_runs_until_it_leaves(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    story = scripted_story("b1", 1, runs, until=str(gate))
    seen: list[Fleet] = []

    async def shown() -> bool:
        seen.append(await read_fleet(settings))
        return any(one.stage == "working" for live in seen[-1].workers for one in live.beat.running)

    async with worker(environment, "--prefetch", "2", "--worker-name", "w1") as running:
        await running.says("worker_started")
        await publish(settings, story)
        await until(shown)
        [live] = seen[-1].workers
        assert (live.beat.name, live.beat.slots, live.beat.pid) == ("w1", 2, running.process.pid)
        assert [(one.batch_id, one.story_id, one.url) for one in live.beat.running] == [
            ("b1", story.story_id, story.url)
        ]
        assert seen[-1].silent == 0
        gate.touch()
        running.send(signal.SIGTERM)
        assert await running.ends() == 143
    assert (await read_fleet(settings)).workers == ()


async def test_beats_are_told_apart_by_when_they_come_and_not_by_their_clocks(settings: Settings) -> None:
    async with open_publisher(settings, "test", 20.0) as publisher:
        publisher.beat(encode_beat(BEAT))
        await until(lambda: _names(settings, ["w1"]))
        [live] = (await read_fleet(settings)).workers
        assert live.ahead_s < -3500
        publisher.beat(encode_beat(BEAT.model_copy(update={"kind": "left"})))
        await until(lambda: _names(settings, []))


async def _names(settings: Settings, names: list[str]) -> bool:
    return [live.beat.name for live in (await read_fleet(settings)).workers] == names


async def test_pauses_are_read_from_the_orders_and_leave_nothing_there(settings: Settings) -> None:
    fleet = HoldNotice(at=utc_now(), by="ann@desk", reason="provider down")
    monday = HoldNotice(at=utc_now(), by="stop rule", batch_id="monday")
    async with open_publisher(settings, "test", 20.0) as publisher:
        for order in (fleet, monday):
            await publisher.control(order)
        assert await _paused(settings) == [(None, "ann@desk", "provider down"), ("monday", "stop rule", None)]
        await publisher.control(ReleaseNotice(at=utc_now(), by="ann@desk", revision=2))
        assert await _paused(settings) == [("monday", "stop rule", None)]
    kept: list[bytes] = []
    stream = Names(settings.namespace).control
    await read_whole(settings, stream, lambda delivery: kept.append(delivery.body), "test")
    assert len(kept) == 3, "the orders and nothing else"


async def _paused(settings: Settings) -> list[tuple[str | None, str, str | None]]:
    return [(pause.batch_id, pause.by, pause.reason) for pause in (await read_fleet(settings)).paused]


@needs_rabbitmq
async def test_the_rights_of_an_operator_are_enough(shared_node: PrivateNode) -> None:
    users = make_users(shared_node, "status")
    await topology.declare(users.settings("topology"))
    async with open_publisher(users.settings("worker"), "test", 20.0) as publisher:
        publisher.beat(encode_beat(BEAT))
        operator = users.settings("operator")
        await until(lambda: _names(operator, ["w1"]))
        follower = users.settings("operator", dashboard_amqp_url=users.url("follower")).watching
        assert await _names(follower, ["w1"]), "a dashboard may watch with a user who only reads"
    assert (await read_fleet(operator)).queues["status.stories"] is not None
