"""The same list by gt-batch and by the fleet: the same report, except for times, workers and paths."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gt_common.messages import utc_now
from gt_common.report.building import build_report
from gt_common.settings import Settings
from support.fleet import command, tally, worker
from support.samples.batches import SCRIPTED, gt_batch, no_broker, write_list

pytestmark = pytest.mark.broker

TIMES = ("opened_at", "finished_at", "duration_s", "eta_s")
LIST: list[dict[str, object]] = [
    {},
    {"do": "fail_once"},
    {"do": "permanent"},
    {"do": "fail"},
    {"do": "wait_once"},
    {"do": "fail"},
]


def comparable(document: dict[str, object], output: Path) -> dict[str, object]:
    """Return a report without times and workers, with video paths relative to the output folder."""
    rows = document["results"]
    assert isinstance(rows, list)
    for row in rows:
        assert row.pop("worker")
        assert row.pop("duration_s") is not None
        if row["output_path"] is not None:
            row["output_path"] = str(Path(row["output_path"]).relative_to(output))
    return {key: value for key, value in document.items() if key not in TIMES}


async def test_both_give_the_same_report(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    named = ("--batch-id", "b1", "--name", "monday", "--tag", "team=a")
    async with command(environment, "gt-produce", "-f", str(write_list(there, LIST)), *named) as producer:
        assert await producer.ends() == 0, producer.lines
    async with worker(environment, "--until-empty") as fleet:
        assert await fleet.ends() == 1, fleet.lines
    by_fleet = build_report(await tally(environment, settings, "b1"), utc_now())

    done = gt_batch(no_broker(here), "-f", str(write_list(here, LIST)), *named, "--json", *SCRIPTED)
    assert done.returncode == 1, done.stderr
    mine = comparable(json.loads(done.stdout), here / "outputs")
    theirs = comparable(json.loads(by_fleet.to_json()), settings.output)
    assert list(mine) == list(theirs)
    for key, value in theirs.items():
        assert mine[key] == value, key


async def test_a_batch_that_was_published_is_not_taken_from_the_workers(
    environment: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    listed = write_list(tmp_path, [{}])
    async with command(environment, "gt-produce", "-f", str(listed), "--batch-id", "b1") as producer:
        assert await producer.ends() == 0, producer.lines
    await tally(environment, settings, "b1")
    for arguments in (("--resume", "b1"), ("--retry-failed", "b1"), ("-f", str(listed), "--batch-id", "b1")):
        refused = gt_batch(
            {**environment, "PYTHONPATH": no_broker(tmp_path)["PYTHONPATH"]}, *arguments, *SCRIPTED
        )
        assert refused.returncode == 2
        assert "batch b1 was published by gt-produce" in refused.stderr.splitlines()[-1]
    assert not (tmp_path / "runs").exists()
