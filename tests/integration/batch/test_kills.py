"""kill -9 of gt-batch at random moments: nothing is lost, and only what was running is made twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchPhase, BatchState, StoryStatus
from gt_common.messages import StorySucceeded, utc_now
from gt_common.report.building import build_report
from support.fleet import command, read_runs
from support.samples.batches import SCRIPTED, batch_state, gt_batch, ledger_url, no_broker, write_list

STORIES = 30
KILLS = 20
MADE_BEFORE = (*[0] * 6, *[1] * 9, *[2] * 5)
"""Stories made in a run before it is killed; in all fewer than the batch has, so that every run is killed."""
STORY_S = 0.3
LONGEST_S = 0.1
"""A kill comes so long at most after the last of them: the moments fall into all of the next story's life."""


def runs_of(folder: Path) -> Counter[object]:
    """Return how often each story was run."""
    return Counter(run["story"] for run in read_runs(folder / "runs"))


def made(state: BatchState) -> set[str]:
    """Return the stories that are known to be finished."""
    return {one.story_id for one in state.stories.values() if one.status is StoryStatus.SUCCESS}


async def kill_at_a_random_moment(
    environment: Mapping[str, str], arguments: tuple[str, ...], made_before: int, chance: random.Random
) -> None:
    """Kill a run after a number of finished stories, or at some moment before its first one."""
    async with command(environment, "gt-batch", *arguments) as running:
        if made_before:
            await running.says("success", made_before, deadline=90)
        elif chance.random() < 0.7:
            await running.says("running on", deadline=90)
        await asyncio.wait(
            {asyncio.create_task(running.process.wait())}, timeout=chance.uniform(0, LONGEST_S)
        )
        assert running.process.returncode is None, running.lines
        running.process.kill()


def check_what_is_left(folder: Path) -> BatchState:
    """See that the ledger and the report are right after a kill. Return the batch."""
    state = batch_state(folder, "b1")
    report = build_report(state, utc_now())
    assert (report.total, len(report.results)) == (STORIES, STORIES)
    assert (report.failed, report.retrying, report.cancelled) == (0, 0, 0)
    assert report.running <= 1
    for story in state.stories.values():
        if isinstance(story.event, StorySucceeded):
            assert Path(story.event.output_path).read_text() == "video"
    finished = {path.stem.rpartition("-")[2] for path in (folder / "outputs" / "b1").glob("[0-9]*.json")}
    assert made(state) <= finished
    assert len(finished - made(state)) <= 1, "at most the last video waits for its event"
    return state


@pytest.mark.timeout(400)
async def test_twenty_kills_of_thirty_stories(tmp_path: Path) -> None:
    chance = random.Random(20261122)  # noqa: S311 - moments to repeat, no secret
    environment = no_broker(tmp_path)
    listed = write_list(tmp_path, [{"seconds": STORY_S}] * STORIES)
    begin = ("-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    for kill, made_before in enumerate(chance.sample(MADE_BEFORE, KILLS)):
        known = (tmp_path / "ledger.db").exists() and "b1" in batches(tmp_path)
        before, were_made = runs_of(tmp_path), made(batch_state(tmp_path, "b1")) if known else set()
        arguments = ("--resume", "b1") if known else begin
        await kill_at_a_random_moment(environment, arguments, made_before, chance)
        after = runs_of(tmp_path)
        again = {story: after[story] - before[story] for story in before if after[story] > before[story]}
        assert sum(again.values()) <= 1, f"kill {kill}: at most the story that was running is run once more"
        assert not again.keys() & were_made
        if "b1" in batches(tmp_path):
            check_what_is_left(tmp_path)
    assert len(made(batch_state(tmp_path, "b1"))) >= sum(MADE_BEFORE), "the kills reached over the batch"
    last = gt_batch(environment, "--resume", "b1")
    assert last.returncode == 0, last.stderr
    state = check_what_is_left(tmp_path)
    assert state.phase is BatchPhase.DONE
    assert {story.event.attempt for story in state.stories.values() if story.event} == {1}
    assert {run["attempt"] for run in read_runs(tmp_path / "runs")} == {1}, "a kill spends no attempt"
    total = sum(runs_of(tmp_path).values())
    assert STORIES <= total <= STORIES + KILLS
    assert len(runs_of(tmp_path)) == STORIES


def batches(folder: Path) -> set[str]:
    """Return the ids of the batches that the ledger knows."""
    with open_ledger(ledger_url(folder)) as ledger:
        return {batch.batch_id for batch in ledger.batches()}


async def test_killed_while_it_waits_for_its_retry_a_story_resumes_from_its_checkpoint(
    tmp_path: Path,
) -> None:
    environment = no_broker(tmp_path, GT_RETRY_DELAYS="3s")
    listed = write_list(tmp_path, [{"checkpoints": str(tmp_path)}])
    begin = ("-f", str(listed), "--batch-id", "b1", "--orchestrator", "support.orchestrators.pipeline:create")
    async with command(environment, "gt-batch", *begin) as running:
        await running.says("retrying", deadline=60)
        running.process.kill()
    (story,) = batch_state(tmp_path, "b1").stories.values()
    assert story.status is StoryStatus.RETRYING
    resumed = gt_batch(environment, "--resume", "b1")
    assert resumed.returncode == 0, resumed.stderr
    (story,) = batch_state(tmp_path, "b1").stories.values()
    assert isinstance(story.event, StorySucceeded)
    assert story.event.attempt == 2
    assert made_of(story.event) == "resumed=True stages=story,script,voice,render"


def made_of(event: StorySucceeded) -> str:
    """Return what the pipeline wrote into its video."""
    return Path(event.output_path).read_text()
