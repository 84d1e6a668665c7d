"""Runs longer than the ack timeout, runs that block or burn CPU, and how fast lost stories run again."""

from __future__ import annotations

import asyncio
import signal
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gt_common.lifecycle import BatchPhase
from gt_common.messages import StorySucceeded
from gt_common.messaging import topology
from gt_common.messaging.connection import connect
from gt_common.settings import Settings
from support.broker.node import PrivateNode, needs_rabbitmq
from support.fleet import Running, depth, publish, read_runs, scripted_story, tally, worker
from support.waiting import until

pytestmark = [pytest.mark.broker, needs_rabbitmq, pytest.mark.timeout(120)]

_SET_TIMEOUT = (
    "application:set_env(rabbit, consumer_timeout, {}), "
    "application:set_env(rabbit, channel_tick_interval, {})."
)


@pytest.fixture(scope="module")
def amqp_url(node: PrivateNode) -> str:
    """Return the URL of the broker whose settings these tests change."""
    return node.amqp_url


@pytest.fixture
async def impatient(node: PrivateNode, settings: Settings) -> AsyncIterator[None]:
    """Set the broker's ack timeout to 3 s: by its own setting before 3.12, by the queue's argument since."""
    await asyncio.to_thread(node.ctl, "eval", _SET_TIMEOUT.format(3000, 1000))
    (stories,) = [one for one in topology.topology(settings).queues if "x-consumer-timeout" in one.arguments]
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        await channel.queue_delete(stories.name)
        queue = await channel.declare_queue(
            stories.name, durable=True, arguments={**stories.arguments, "x-consumer-timeout": 3000}
        )
        for exchange, key in stories.bindings:
            await queue.bind(exchange, key)
    yield
    await asyncio.to_thread(node.ctl, "eval", _SET_TIMEOUT.format(86_400_000, 60_000))


@asynccontextmanager
async def ready_worker(environment: dict[str, str], *arguments: str) -> AsyncIterator[Running]:
    """Run a worker and wait until it reports that it is ready."""
    async with worker(environment, *arguments) as running:
        await running.says("worker_started")
        yield running


@pytest.mark.usefixtures("impatient")
async def test_a_run_longer_than_the_ack_timeout_is_adopted_and_counted_once(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    async with ready_worker(environment) as running:
        await publish(settings, scripted_story("b1", 1, runs, until=str(gate)))
        await running.says("run_adopted", times=2, deadline=40)
        gate.touch()
        await running.says("story_ended")
        running.send(signal.SIGTERM)
        assert await running.ends() == 143
    assert [run["attempt"] for run in read_runs(runs)] == [1]
    assert await depth(settings, "stories") == 0
    state = await tally(environment, settings, "b1")
    assert state.phase is BatchPhase.DONE
    (story,) = state.stories.values()
    assert isinstance(story.event, StorySucceeded)
    assert (story.event.attempt, story.event.run) == (1, 0), "an adopted redelivery costs no attempt"


@pytest.mark.chaos
@pytest.mark.usefixtures("impatient")
async def test_a_long_run_that_fails_is_charged_once(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    async with ready_worker(environment) as running:
        await publish(settings, scripted_story("b1", 1, runs, until=str(gate), do="fail_once"))
        await running.says("run_adopted", deadline=40)
        gate.touch()
        await running.says("story_ended", times=2)
        running.send(signal.SIGTERM)
        assert await running.ends() == 143
    assert [run["attempt"] for run in read_runs(runs)] == [1, 2]
    assert (await tally(environment, settings, "b1")).phase is BatchPhase.DONE


@pytest.mark.chaos
@pytest.mark.parametrize("do", ["burn", "block"])
async def test_heartbeats_go_on_while_the_orchestrator_is_busy(
    settings: Settings, environment: dict[str, str], tmp_path: Path, do: str
) -> None:
    """Ten seconds are five heartbeats: the broker would have closed a silent connection after two."""
    runs = tmp_path / "runs"
    async with ready_worker({**environment, "GT_HEARTBEAT": "2"}) as running:
        await publish(settings, scripted_story("b1", 1, runs, do=do, busy=10))
        await running.says("story_ended", deadline=60)
        assert not [line for line in running.lines if "subscription_lost" in line or "publish_failed" in line]
    assert len(read_runs(runs)) == 1
    assert (await tally(environment, settings, "b1")).phase is BatchPhase.DONE


async def test_the_story_of_a_killed_worker_runs_elsewhere_within_two_seconds(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    took = [await _seconds_to_go_on(settings, environment, tmp_path, f"b{number}") for number in range(3)]
    print(f"\nfrom kill -9 to running elsewhere: {', '.join(f'{seconds:.2f} s' for seconds in took)}")
    assert statistics.median(took) < 2.0
    assert max(took) < 4.0


async def _seconds_to_go_on(
    settings: Settings, environment: dict[str, str], folder: Path, batch: str
) -> float:
    """Kill the worker that runs a story while another is ready, which has no child process yet."""
    runs, gate = folder / f"{batch}.runs", folder / f"{batch}.gate"
    async with ready_worker(environment) as first:
        await publish(settings, scripted_story(batch, 1, runs, until=str(gate)))
        await until(lambda: len(read_runs(runs)) == 1)
        async with ready_worker(environment) as second:
            killed = time.time()
            first.send(signal.SIGKILL)
            await until(lambda: len(read_runs(runs)) == 2)
            gate.touch()
            await asyncio.gather(first.ends(), second.says("story_ended"))
    at = read_runs(runs)[1]["at"]
    assert isinstance(at, float)
    return at - killed
