"""Dead letters that were moved to a story queue by hand run again, whoever settled them before."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.lifecycle import StoryStatus
from gt_common.messages import Event, StoryRequeued, decode_story
from gt_common.messaging import topology
from gt_common.messaging.browse import browse
from gt_common.messaging.names import CRASH_LIMIT, Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from support.dead_letter_queue import bury, look, move_by_hand, ready, take_in
from support.fleet import publish, read_runs, scripted_story, tally, worker
from support.samples.dead_letters import make_letter
from support.waiting import until

pytestmark = pytest.mark.broker


async def test_letters_moved_to_the_worker_that_settled_them_run_again_and_twice_if_moved_twice(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    names, runs = Names(settings.namespace), tmp_path / "runs"
    async with worker(environment) as running:
        await publish(settings, scripted_story("b1", 1, runs, do="permanent"))
        for generation in (1, 2, 3):
            await ready(settings, names.dlq, 1)
            [letter] = await look(settings, names.dlq)
            assert decode_story(letter.body).generation == generation
            if generation < 3:
                await move_by_hand(settings, names.dlq, names.stories)
                await running.says("moved_letter_replayed", times=generation)
    assert len(read_runs(runs)) == 3
    state = await tally(environment, settings, "b1")
    [story] = state.stories.values()
    assert (story.status, story.event and story.event.generation) == (StoryStatus.FAILED, 3)
    assert state.total == 1


async def test_letter_that_no_living_worker_knows_passes_a_wait_queue_with_old_death_records(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """RabbitMQ 3.10 drops a message whose copied `x-death` makes its retry look like a cycle."""
    names, runs = Names(settings.namespace), tmp_path / "runs"
    story = scripted_story("b1", 1, runs, do="fail_once")
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.story(story)
    for _ in range(CRASH_LIMIT):
        await ready(settings, names.stories, 1)
        await look(settings, names.stories)
    async with browse(settings, names.stories, "test") as held:
        assert held[0].delivery_count == CRASH_LIMIT
    await ready(settings, names.dlq, 1)
    assert await move_by_hand(settings, names.dlq, names.stories) == 1
    async with worker(environment, "--until-empty") as running:
        assert await running.ends() == 0
    assert [run["attempt"] for run in read_runs(runs)] == [1, 2]
    state = await tally(environment, settings, "b1")
    assert [one.status for one in state.stories.values()] == [StoryStatus.SUCCESS]


async def test_letter_whose_story_succeeded_meanwhile_finds_its_video(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    names, runs = Names(settings.namespace), tmp_path / "runs"
    async with worker(environment) as running:
        await publish(settings, scripted_story("b1", 1, runs, do="permanent_once"))
        await ready(settings, names.dlq, 1)
        [copy] = await look(settings, names.dlq)
        await move_by_hand(settings, names.dlq, names.stories)
        await running.says('"status": "success"')
        async with open_publisher(settings, "test", patience=20) as publisher:
            await publisher.dead_letter(decode_story(copy.body))
        await ready(settings, names.dlq, 1)
        await move_by_hand(settings, names.dlq, names.stories)
        await running.says("moved_letter_replayed", times=2)
    state = await tally(environment, settings, "b1")
    assert [one.status for one in state.stories.values()] == [StoryStatus.SUCCESS]
    assert len(read_runs(runs)) == 2


async def test_letter_moved_to_another_fleet_is_tried_again_there_and_told_as_moved(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    other = settings.model_copy(update={"namespace": f"{settings.namespace}x"})
    await topology.declare(other)
    try:
        await bury(settings, [make_letter(1)])
        await move_by_hand(settings, Names(settings.namespace).dlq, Names(other.namespace).stories)
        found: list[Event] = []

        async def told() -> bool:
            found.extend(await take_in(other))
            return any(isinstance(event, StoryRequeued) for event in found)

        async with worker({**environment, "GT_NAMESPACE": other.namespace}):
            await until(told)
        [event] = [event for event in found if isinstance(event, StoryRequeued)]
        assert (event.generation, event.by) == (2, "moved by hand")
    finally:
        await topology.delete(other)
