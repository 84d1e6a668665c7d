"""gt-control pause and resume on a real broker: what is paused does not start, and nothing is lost."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from gt_common.ledger import read_ledger
from gt_common.lifecycle import BatchPhase, BatchState
from gt_common.messages import BatchPaused, utc_now
from gt_common.messaging.control.notices import HoldNotice, ReleaseNotice
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.parking import make_parking
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import declare, inspect
from gt_common.settings import Settings
from support.fleet import command, publish, read_runs, run_command, scripted_story, worker
from support.waiting import until

pytestmark = pytest.mark.broker

Env = dict[str, str]


def read(settings: Settings, batch: str = "b1") -> BatchState:
    """Return a batch from the ledger, empty before it is known."""
    with read_ledger(settings.ledger) as ledger:
        return ledger.batch(batch) if ledger.knows(batch) else BatchState(batch)


def statuses(settings: Settings, batch: str = "b1") -> list[str]:
    """Return the statuses of the batch's stories in the order of the list."""
    stories = sorted(read(settings, batch).stories.values(), key=lambda story: story.position)
    return [story.status.value for story in stories]


def attempts(settings: Settings, batch: str = "b1") -> set[tuple[int, int, int]]:
    """Return the generation, attempt and run of the latest events of a batch."""
    events = [story.event for story in read(settings, batch).stories.values()]
    return {(event.generation, event.attempt, event.run) for event in events if event}


async def control(environment: Env, *arguments: str) -> str:
    """Run gt-control; return what it says."""
    code, said = await run_command(environment, "gt-control", *arguments)
    assert code == 0, said
    return said


async def look(settings: Settings, queue: str) -> QueueInfo:
    """Return the state of a queue."""
    [info] = await inspect(settings, [queue])
    return info


async def test_a_paused_fleet_starts_nothing_and_lets_running_stories_end(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    names = Names(settings.namespace)
    stories = [
        scripted_story("b1", 1, runs, until=str(gate)),
        *(scripted_story("b1", n, runs) for n in (2, 3)),
    ]
    async with command(environment, "gt-aggregate"), worker(environment) as running:
        await publish(settings, *stories)
        await until(lambda: statuses(settings) == ["running", "queued", "queued"])
        said = await control(environment, "pause", "-y", "--reason", "the disk is full")
        assert "paused the fleet" in said
        await running.says("pause_ordered")
        paused = read(settings).paused
        assert paused is not None
        assert paused.reason == "the disk is full"

        async def takes_none() -> bool:
            info = await look(settings, names.stories)
            return (info.messages, info.consumers) == (2, 0)

        gate.touch()
        # RabbitMQ counts the consumer until the story that it holds is acked.
        await until(takes_none)
        await until(lambda: statuses(settings) == ["success", "queued", "queued"])
        async with worker(environment) as another:
            await another.says("worker_started")
            assert await takes_none(), "one that starts later takes none either"
        assert "is paused already" in await control(environment, "pause", "-y")
        assert len(read_runs(runs)) == 1
        assert "resumed the fleet" in await control(environment, "resume")
        await until(lambda: read(settings).phase is BatchPhase.DONE)
        assert "is not paused" in await control(environment, "resume")
    assert attempts(settings) == {(1, 1, 0)}


async def test_stories_of_a_paused_batch_wait_while_others_pass(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    parked = Names(settings.namespace).parked_queue("b1", 1)
    async with command(environment, "gt-aggregate"):
        await publish(settings, *(scripted_story("b1", n, runs) for n in (1, 2)))
        await until(lambda: statuses(settings) == ["queued", "queued"])
        document = json.loads(
            (await control(environment, "pause", "b1", "--json")).partition("gt-control:")[0]
        )
        assert (document["paused"], document["changed"], document["revision"]) == (True, True, 1)
        async with worker(environment, "--until-empty") as running:
            await publish(settings, scripted_story("b2", 9, runs))
            await until(lambda: read(settings, "b2").phase is BatchPhase.DONE)

            async def are_parked() -> bool:
                return (await look(settings, parked)).messages == 2

            await until(are_parked)
            assert len(read_runs(runs)) == 1
            assert isinstance(read(settings).paused, BatchPaused)
            assert running.process.returncode is None, "paused is not empty"
            _, shown = await run_command(environment, "gt-topology", "show")
            assert parked in shown
            _, doctor = await run_command(environment, "gt-doctor")
            assert "batch b1, by" in doctor
            assert "2 stories parked" in doctor
            await control(environment, "resume", "b1")
            assert await running.ends() == 0
    assert read(settings).phase is BatchPhase.DONE
    assert attempts(settings) == {(1, 1, 0)}
    assert len(read_runs(runs)) == 3


async def test_a_worker_that_is_killed_after_parking_runs_no_story_twice(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    """The parked copy and the original, which the broker delivers again, are one run."""
    runs = tmp_path / "runs"
    names = Names(settings.namespace)
    await declare(settings)
    order = {"at": utc_now(), "by": "ann", "batch_id": "b1"}
    story = scripted_story("b1", 1, runs)
    async with open_publisher(settings, "test", 20) as publisher:
        await publisher.control(HoldNotice.model_validate(order | {"revision": 1}))
        await publish(settings, story)
        # What a worker leaves that dies between the confirm and the ack.
        await make_parking(settings, "b1", 1)
        assert await publisher.park(story, 1)
        async with worker(environment) as running:
            await running.says("story_parked")
            running.send(signal.SIGKILL)
        assert (await look(settings, names.parked_queue("b1", 1))).messages == 2
        await publisher.control(ReleaseNotice.model_validate(order | {"revision": 2}))
    async with command(environment, "gt-aggregate"), worker(environment, "--until-empty") as again:
        assert await again.ends() == 0
        await until(lambda: read(settings).phase is BatchPhase.DONE)
    assert len(read_runs(runs)) == 1


async def test_a_batch_that_the_ledger_does_not_know_is_not_paused(environment: Env) -> None:
    code, said = await run_command(environment, "gt-control", "pause", "nightly")
    assert code == 6
    assert "no batch 'nightly'" in said
