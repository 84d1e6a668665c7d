"""A story goes from worker to worker in the middle of its stages, and nothing is paid for twice."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchPhase
from gt_common.messages import StoryReleased, StoryRetrying, StoryStage, StorySucceeded
from gt_common.settings import Settings
from support.dead_letter_queue import gt_dlq
from support.fleet import command, depth, publish, scripted_story, tally
from support.orchestrators.paying import COMMAND, PYTHON, STAGES, every_call, noted, paid_calls
from support.waiting import until

Env = dict[str, str]
KINDS = {"python": PYTHON, "command": COMMAND}


def check_payments(folder: Path, disturbances: int) -> None:
    """See that each call was paid, and at most one more for each disturbance, none twice more."""
    paid = paid_calls(folder)
    assert set(paid) == every_call()
    assert max(paid.values()) <= 2
    assert paid.total() <= len(every_call()) + disturbances


@pytest.mark.parametrize(("kind", "end"), [("python", "kill"), ("command", "kill"), ("python", "stop")])
async def test_another_worker_with_the_shared_folder_continues_in_each_stage(
    kind: str, end: str, settings: Settings, environment: Env, tmp_path: Path
) -> None:
    options = {"folder": str(tmp_path), "trouble": "hang"}
    await publish(settings, scripted_story("b1", 1, tmp_path / "runs", **options))
    arguments = ("--orchestrator", KINDS[kind], "--max-attempts", "9")
    for place, stage in enumerate(STAGES):
        # A worker that is stopped passes the project on in the message, so the folder of videos may differ.
        output = str(tmp_path / (f"outputs-{place}" if end == "stop" else "outputs"))
        async with command(environment, "gt-consume", *arguments, "--output", output) as running:
            await until((tmp_path / f"{stage}.reached").exists, deadline=60)
            if end == "kill":
                await until(partial(noted, tmp_path / "outputs", stage))
                running.send(signal.SIGKILL)
                assert await running.ends() == -signal.SIGKILL
            else:
                running.send(signal.SIGTERM)
                await running.says("drain_started")
                running.send(signal.SIGTERM)
                assert await running.ends() == 143
    async with command(environment, "gt-consume", *arguments, "--until-empty") as last:
        assert await last.ends() == 0, last.lines
    assert (await tally(environment, settings, "b1")).phase is BatchPhase.DONE
    check_payments(tmp_path, len(STAGES))
    assert len(list((tmp_path / "projects").iterdir())) == 1


async def test_events_and_a_replay_name_the_project(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    options = {"folder": str(tmp_path), "trouble": "fail"}
    await publish(settings, scripted_story("b1", 1, tmp_path / "runs", **options))
    arguments = ("--orchestrator", PYTHON, "--until-empty", "--max-attempts", "2")
    async with command(environment, "gt-consume", *arguments, "--output", str(tmp_path / "one")) as running:
        assert await running.ends() == 1
    await tally(environment, settings, "b1")
    (project,) = [place.name for place in (tmp_path / "projects").iterdir()]
    with open_ledger(settings.ledger) as ledger:
        told = [
            event.project_id
            for event in ledger.events("b1", ("story.stage", "story.retrying", "story.released"))
            if isinstance(event, StoryStage | StoryRetrying | StoryReleased)
        ]
    assert set(told) == {project}
    await until(lambda: depth_is(settings, 1))
    replayed = await gt_dlq(environment, "replay", "-y")
    assert replayed.code == 0, replayed.err
    for _ in STAGES:
        async with command(environment, "gt-consume", *arguments, "--output", str(tmp_path / "two")) as other:
            if await other.ends() == 0:
                break
        await gt_dlq(environment, "replay", "-y")
    state = await tally(environment, settings, "b1")
    (story,) = state.stories.values()
    assert isinstance(story.event, StorySucceeded)
    assert story.event.project_id == project
    check_payments(tmp_path, len(STAGES))


async def test_a_fresh_replay_starts_over(settings: Settings, environment: Env, tmp_path: Path) -> None:
    options = {"folder": str(tmp_path), "trouble": "fail"}
    await publish(settings, scripted_story("b1", 1, tmp_path / "runs", **options))
    arguments = ("--orchestrator", PYTHON, "--until-empty", "--max-attempts", "2")
    async with command(environment, "gt-consume", *arguments) as running:
        assert await running.ends() == 1
    replayed = await gt_dlq(environment, "replay", "-y", "--fresh")
    assert replayed.code == 0, replayed.err
    async with command(environment, "gt-consume", *arguments, "--max-attempts", "9") as again:
        assert await again.ends() == 0, again.lines
    assert len(list((tmp_path / "projects").iterdir())) == 2
    assert paid_calls(tmp_path)["script-0"] == 3, "disturbed once, resumed, and once more from the beginning"


async def depth_is(settings: Settings, letters: int) -> bool:
    """Whether the dead-letter queue has so many letters."""
    return await depth(settings, "dlq") == letters
