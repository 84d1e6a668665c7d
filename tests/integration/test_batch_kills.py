"""kill -9 of gt-batch at random moments: nothing is lost, nothing is made twice but what was running."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from batches import SCRIPTED, batch_state, gt_batch, ledger_url, no_broker, write_list
from fleet import Running, command, read_runs
from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchPhase, BatchState, StoryStatus
from gt_common.messages import StorySucceeded, utc_now
from gt_common.report.model import build_report

STORIES = 30
KILLS = 20
LONGEST_S = 0.5
"""Some three stories long: the kills fall into all of a story's life and reach over the whole batch."""


def runs_of(folder: Path) -> Counter[object]:
    """Give how often each story was run."""
    return Counter(run["story"] for run in read_runs(folder / "runs"))


def made(state: BatchState) -> set[str]:
    """Give the stories that are known to be made."""
    return {one.story_id for one in state.stories.values() if one.status is StoryStatus.SUCCESS}


async def kill_at_a_random_moment(
    environment: Mapping[str, str], arguments: tuple[str, ...], chance: random.Random
) -> None:
    async with command(environment, "gt-batch", *arguments) as running:
        if chance.random() < 0.8:  # else it may be killed before it has begun at all
            await asyncio.wait({asyncio.create_task(begun(running))}, timeout=60)
        await asyncio.wait(
            {asyncio.create_task(running.process.wait())}, timeout=chance.uniform(0, LONGEST_S)
        )
        assert running.process.returncode is None, running.lines
        running.process.kill()


async def begun(running: Running) -> None:
    """Wait until a story runs."""
    await running.says("running on", deadline=60)


def check_what_is_left(folder: Path) -> BatchState:
    """See that the ledger and the report are right after a kill; give the batch."""
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
    listed = write_list(tmp_path, [{"seconds": 0.12}] * STORIES)
    begin = ("-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    for kill in range(KILLS):
        known = (tmp_path / "ledger.db").exists() and "b1" in batches(tmp_path)
        before, were_made = runs_of(tmp_path), made(batch_state(tmp_path, "b1")) if known else set()
        await kill_at_a_random_moment(environment, ("--resume", "b1") if known else begin, chance)
        after = runs_of(tmp_path)
        again = {story: after[story] - before[story] for story in before if after[story] > before[story]}
        assert sum(again.values()) <= 1, f"kill {kill}: at most the story that was running is run once more"
        assert not again.keys() & were_made
        if "b1" in batches(tmp_path):
            check_what_is_left(tmp_path)
    assert sum(runs_of(tmp_path).values()) > STORIES / 3, "the kills reached into the work"
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
    """Give the ids of the batches that the ledger knows."""
    with open_ledger(ledger_url(folder)) as ledger:
        return {batch.batch_id for batch in ledger.batches()}
