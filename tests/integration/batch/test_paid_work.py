"""gt-batch is killed, stopped or retried in the middle of a stage, and nothing is paid for twice."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest

from gt_common.messages import StorySucceeded
from support.fleet import command
from support.orchestrators.paying import COMMAND, PYTHON, STAGES, every_call, noted, paid_calls
from support.samples.batches import batch_state, gt_batch, no_broker, write_list
from support.waiting import until

KINDS = {"python": PYTHON, "command": COMMAND}


def check_payments(folder: Path) -> None:
    """See that one disturbance in each stage cost at most the call that it cut off."""
    paid = paid_calls(folder)
    assert set(paid) == every_call()
    assert max(paid.values()) <= 2
    assert paid.total() <= len(every_call()) + len(STAGES)
    assert len(list((folder / "projects").iterdir())) == 1


@pytest.mark.parametrize(
    ("number", "kind"),
    [(signal.SIGKILL, "python"), (signal.SIGKILL, "command"), (signal.SIGINT, "python")],
)
async def test_ended_in_each_stage_and_resumed(number: signal.Signals, kind: str, tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    listed = write_list(tmp_path, [{"folder": str(tmp_path), "trouble": "hang"}])
    arguments: tuple[str, ...] = (
        *("-f", str(listed)),
        *("--batch-id", "b1"),
        *("--orchestrator", KINDS[kind]),
    )
    for stage in STAGES:
        async with command(environment, "gt-batch", *arguments) as running:
            await until((tmp_path / f"{stage}.reached").exists, deadline=60)
            await until(partial(noted, tmp_path / "outputs", stage))
            running.send(number)
            if number == signal.SIGINT:
                await running.says("stop")
                running.send(number)
            await running.ends()
        arguments = ("--resume", "b1")
    last = gt_batch(environment, *arguments)
    assert last.returncode == 0, last.stderr
    check_payments(tmp_path)


@pytest.mark.parametrize("noted", [True, False], ids=["noted", "in the ledger only"])
async def test_the_ledger_knows_the_project_when_the_note_is_gone(noted: bool, tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    listed = write_list(tmp_path, [{"folder": str(tmp_path), "trouble": "hang"}])
    begin = ("-f", str(listed), "--batch-id", "b1", "--orchestrator", PYTHON)
    async with command(environment, "gt-batch", *begin) as running:
        await until((tmp_path / "script.reached").exists, deadline=60)
        await until(lambda: "project" in str(batch_state(tmp_path, "b1").stories), deadline=60)
        running.send(signal.SIGKILL)
    for note in (tmp_path / "outputs" / ".projects").rglob("*.json"):
        if not noted:
            note.unlink()
    for stage in STAGES[1:]:
        (tmp_path / f"{stage}.reached").touch()
    resumed = gt_batch(environment, "--resume", "b1")
    assert resumed.returncode == 0, resumed.stderr
    check_payments(tmp_path)


@pytest.mark.parametrize("fresh", [False, True])
async def test_failed_stories_are_retried_where_they_stopped_unless_told_otherwise(
    fresh: bool, tmp_path: Path
) -> None:
    environment = no_broker(tmp_path)
    listed = write_list(tmp_path, [{"folder": str(tmp_path), "trouble": "fail"}])
    begin = ("-f", str(listed), "--batch-id", "b1", "--orchestrator", PYTHON, "--max-attempts", "2")
    assert gt_batch(environment, *begin).returncode == 1
    again = ("--retry-failed", "b1", *(["--fresh"] if fresh else []), "--max-attempts", "5")
    retried = gt_batch(environment, *again)
    assert retried.returncode == 0, retried.stderr
    (story,) = batch_state(tmp_path, "b1").stories.values()
    assert isinstance(story.event, StorySucceeded)
    assert len(list((tmp_path / "projects").iterdir())) == 1 + fresh
    assert paid_calls(tmp_path)["voice-0"] == 1 + fresh
